# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose word counts where a database behind a forward fails: its own, or that of the forward."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.database.connect import Tunnelled
from ansible_collections.runbook.minikube.plugins.module_utils.database.direct import Direct
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError


@pytest.mark.parametrize(("sqlstate", "words"), [("55P03", "lock timeout"), ("", "the connection broke")])
def test_what_the_database_said_is_not_hidden_by_a_connection_closed_before(monkeypatch, sqlstate, words):
    forward = SimpleNamespace(failure=None)

    def fails(_self, _statements, _write):
        forward.failure = RunbookError("the connection broke")
        raise DatabaseError("lock timeout", sqlstate)

    monkeypatch.setattr(Direct, "run", fails)
    tunnelled = Tunnelled.__new__(Tunnelled)
    tunnelled.where, tunnelled._forward = "The database", forward
    with pytest.raises(DatabaseError, match=words):
        tunnelled.run([], write=True)
