# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection whose other end has vanished ends the wait for an answer, in transactions too."""

from __future__ import annotations

import socket
import time

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.direct import GRACE, DirectDatabase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import Limits
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.waiting import wait

psycopg2 = pytest.importorskip("psycopg2")


class Silent:
    """A connection that waits for an answer, which comes after a number of parts, or never."""

    def __init__(self, parts: int = 0):
        self._ours, self._theirs = socket.socketpair()
        self._parts = parts
        self._theirs.sendall(b"x" * parts)

    def fileno(self) -> int:
        return self._ours.fileno()

    def poll(self) -> int:
        if self._parts == 0:
            return psycopg2.extensions.POLL_READ
        self._parts -= 1
        return psycopg2.extensions.POLL_OK if self._parts == 0 else psycopg2.extensions.POLL_READ


@pytest.mark.parametrize("limits", [{"each": 0}, {"until": time.monotonic()}, {"until": time.monotonic() + 600, "each": 0}])
def test_a_wait_without_an_answer_ends(limits):
    with pytest.raises(psycopg2.OperationalError, match="no answer within the time-out"):
        wait(Silent(), **limits)


def test_an_answer_in_parts_is_awaited():
    wait(Silent(parts=3), each=0)


def test_a_transaction_waits_for_each_statement_a_little_longer_than_the_server(monkeypatch):
    waits = []
    monkeypatch.setattr(psycopg2, "connect", lambda **_parameters: _Connection(waits))
    database = DirectDatabase.__new__(DirectDatabase)
    database._limits, database._parameters, database._schemas, database.where = Limits(statement=30), {}, (), "The database"
    monkeypatch.setattr("ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.waiting.wait", lambda *given: waits.append(given))
    with database._connected():
        psycopg2.extensions.get_wait_callback()("connection")
    assert waits == [("connection", None, 30 + GRACE)]


class _Connection:
    def __init__(self, waits):
        self._waits = waits

    def close(self):
        """Nothing to close."""
