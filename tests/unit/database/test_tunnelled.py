# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose word counts where a database behind a forward fails: its own, or that of the forward."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import ForwardedDatabase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.direct import DirectDatabase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import DatabaseError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError


@pytest.mark.parametrize(("sqlstate", "words"), [("55P03", "lock timeout"), ("", "the connection broke")])
def test_the_message_of_the_database_is_not_hidden_by_a_connection_closed_before(monkeypatch, sqlstate, words):
    forward = SimpleNamespace(failure=None)

    def fails(_self, _statements, _write):
        forward.failure = RunbookError("the connection broke")
        raise DatabaseError("lock timeout", sqlstate)

    monkeypatch.setattr(DirectDatabase, "run", fails)
    tunnelled = ForwardedDatabase.__new__(ForwardedDatabase)
    tunnelled.where, tunnelled._forward = "The database", forward
    with pytest.raises(DatabaseError, match=words):
        tunnelled.run([], write=True)
