# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A commit through the Node.js program whose answer is lost is never reported as one that changed nothing."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.loaders import NODE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.drivers import FOR_NODE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.errors import database_error

PG = """
exports.Client = class {
  on() {}
  async connect() {}
  async query(sql) {
    if (sql === "COMMIT") throw Object.assign(new Error("it ended"), JSON.parse(process.env.ERROR));
    return { rowCount: null, rows: [] };
  }
};
"""


@pytest.mark.parametrize(
    ("error", "sqlstate", "unknown"),
    [
        ({"code": "EPIPE", "errno": -32, "syscall": "write"}, "", True),  # as long as an SQLSTATE, but the operating system's
        ({"code": "ECONNRESET"}, "", True),
        ({}, "", True),
        ({"code": "57P01", "severity": "FATAL"}, "57P01", True),
        ({"code": "23505", "severity": "ERROR"}, "23505", False),
    ],
)
def test_an_error_at_the_commit(tmp_path, error, sqlstate, unknown):
    node = shutil.which("node")
    if not node:
        pytest.skip("this machine has no node")
    (tmp_path / "pg.js").write_text(PG)
    task = {"url_env": "URL", "schema": None, "connect": 5, "settings": [], "statements": [], **FOR_NODE}
    environment = {"NODE_PATH": str(tmp_path), "URL": "postgresql://u:p@db/x", "ERROR": json.dumps(error), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([node, "-e", NODE], input=json.dumps(task) + "\n", env=environment, text=True, capture_output=True, timeout=60, check=True)
    found = json.loads(done.stdout)["error"]
    assert (found["sqlstate"], found["committing"]) == (sqlstate, True)
    assert database_error(found["message"], found["sqlstate"], "The database", found["committing"]).unknown is unknown
