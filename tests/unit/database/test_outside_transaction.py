# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A statement that PostgreSQL refuses in a transaction block, through a pod: what is sent, and what a program does with it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.loaders import NODE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import pod
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.drivers import FOR_NODE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import DatabaseError, Limits

CREATE = "CREATE UNIQUE INDEX CONCURRENTLY i ON public.t (a)"
PG = """
exports.Client = class {
  on() {}
  async connect() {}
  async query(sql) { process.stderr.write(JSON.stringify(sql) + "\\n"); return { rowCount: null, rows: [] }; }
};
"""


@pytest.fixture
def way(monkeypatch):
    """(a database in a pod, its requests, its answers, of which the first is that of the search for a program)."""
    requests, answers = [], [{"results": []}]

    def play(_cluster, _pod, _namespace, _container, _command, stdin, timeout):
        requests.append((json.loads(stdin), timeout))
        return Execution(0, json.dumps(answers.pop(0)).encode(), b"")

    monkeypatch.setattr(pod, "execute", play)
    return pod.PodDatabase(None, "n", "p", "c", "DATABASE_URL", None, Limits()), requests, answers


def test_neither_settings_nor_a_transaction_are_requested(way):
    database, requests, answers = way
    answers.append({"results": [{"count": -1, "rows": []}]})
    database.run_outside_transaction(CREATE, 900)
    task, timeout = requests[1]
    assert (task["autocommit"], task["settings"], [one["sql"] for one in task["statements"]]) == (True, [], [CREATE])
    assert timeout > 900 and not requests[0][0]["autocommit"]


@pytest.mark.parametrize(("answer", "sqlstate", "unknown"), [
    ({"error": {"message": "duplicate", "sqlstate": "23505", "committing": False}}, "23505", False),
    ({"error": {"message": "Connection terminated", "sqlstate": "", "committing": False}}, "", True),
    ({"refused": "is empty"}, "", False), ({"no_url": True}, "", False),
])  # fmt: skip
def test_errors(way, answer, sqlstate, unknown):
    database, _requests, answers = way
    answers.append(answer)
    with pytest.raises(DatabaseError) as failed:
        database.run_outside_transaction(CREATE, 900)
    assert (failed.value.sqlstate, failed.value.unknown) == (sqlstate, unknown)


@pytest.mark.parametrize(("autocommit", "queries"), [(True, [CREATE]), (False, ["BEGIN", CREATE, "COMMIT"])])
def test_the_node_program_begins_no_transaction(tmp_path, autocommit, queries):
    if not shutil.which("node"):
        pytest.skip("this machine has no node")
    (tmp_path / "pg.js").write_text(PG)
    statement = {"sql": CREATE, "parameters": [], "count": None}
    task = {"url_env": "URL", "schema": None, "connect": 5, "autocommit": autocommit, "settings": [], "statements": [statement], **FOR_NODE}
    environment = {"NODE_PATH": str(tmp_path), "URL": "postgresql://u:p@db/x", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [shutil.which("node"), "-e", NODE], input=json.dumps(task) + "\n", env=environment, text=True, capture_output=True, timeout=60, check=True
    )
    assert [json.loads(line) for line in done.stderr.splitlines()] == queries
