# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two programs that run in a pod, each with a simulated driver."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.loaders import NODE, PYTHON
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.drivers import FOR_NODE, FOR_PYTHON
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.portable import INVALID, SEVERAL_HOSTS, for_psycopg2
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import Statement

DRIVER = '''
import json, sys
class extensions:
    libpq_version = lambda: 150018
class Error(Exception):
    pgcode = "42P01"
class Cursor:
    description, rowcount = None, -1
    def execute(self, sql, parameters=None):
        sys.stderr.write(json.dumps([sql, parameters]) + "\\n")
        if "nowhere" in sql:
            raise Error("no such table")
        self.description, self.rowcount = ([("a",)], 2) if "SELECT" in sql else (None, 0)
    def fetchall(self):
        return [("1",), (None,)]
class Connection:
    def cursor(self):
        return Cursor()
    def commit(self):
        sys.stderr.write('"commit"\\n')
    def rollback(self):
        sys.stderr.write('"rollback"\\n')
def connect(**parameters):
    sys.stderr.write(json.dumps(parameters) + "\\n")
    return Connection()
'''


PG = """
exports.Client = class {
  constructor(options) { process.stderr.write(JSON.stringify(options.connectionString) + "\\n"); }
  on() {}
  async connect() {}
  async query(sql) { process.stderr.write(JSON.stringify(sql) + "\\n"); return { rowCount: null, rows: [] }; }
};
"""


def program(tmp_path, *statements, url="postgresql+asyncpg://u:p/w@db/x?ssl=require&schema=auth&pgbouncer=true", schema=None):
    """Runs the Python program with a played driver: (its answer, what the driver was asked)."""
    (tmp_path / "psycopg2.py").write_text(DRIVER)
    sent = [{"sql_for_psycopg2": for_psycopg2(one.sql), "parameters": one.parameters, "count": one.count} for one in statements]
    task = {"url_env": "DATABASE_URL", "schema": schema, "connect": 5, "settings": ["SET x"], "statements": sent, **FOR_PYTHON}
    environment = {"PYTHONPATH": str(tmp_path), "DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-c", PYTHON], input=json.dumps(task) + "\n", env=environment, text=True, capture_output=True, timeout=20, check=True
    )
    return json.loads(done.stdout), [json.loads(line) for line in done.stderr.splitlines()]


def test_the_python_program(tmp_path):
    result, driver = program(tmp_path, Statement("SELECT $1::text AS a, 'x%'", ("it's",)), Statement("UPDATE"))
    assert result == {"results": [{"count": 2, "rows": [{"a": "1"}, {"a": None}]}, {"count": 0, "rows": []}]}
    assert driver == [
        {"user": "u", "password": "p/w", "host": "db", "dbname": "x", "sslmode": "require", "connect_timeout": 5},
        ["SET x", None], ['SET LOCAL search_path TO "auth"', None], ["SELECT %(p1)s::text AS a, 'x%%'", {"p1": "it's"}], ["UPDATE", {}], "commit",
    ]  # fmt: skip


def test_the_python_program_takes_back_what_touched_other_rows(tmp_path):
    result, driver = program(tmp_path, Statement("UPDATE", count=1), Statement("never"))
    assert result == {"wrong_count": {"index": 0, "found": 0}}
    assert driver[-1] == "rollback"


def test_the_python_program_reports_errors(tmp_path):
    assert program(tmp_path, Statement("nowhere"))[0] == {
        "error": {"message": "no such table", "sqlstate": "42P01", "committing": False}
    }  # fmt: skip
    assert program(tmp_path, url="")[0] == {"no_url": True}
    assert program(tmp_path, url="postgresql://u:hunter2@db:x/y") == ({"refused": INVALID}, [])
    assert "results" in program(tmp_path, schema="auth")[0]
    result, driver = program(tmp_path, schema="public")
    assert result["refused"].startswith("names the schema auth, but the option schema is public") and not driver


@pytest.fixture
def node(tmp_path):
    """Runs the Node.js program with that URL: (its answer, what the driver was asked)."""
    if not shutil.which("node"):
        pytest.skip("this machine has no node")
    (tmp_path / "pg.js").write_text(PG)

    def run(url: str, schema: str | None = None) -> tuple[dict, list]:
        task = {"url_env": "DATABASE_URL", "schema": schema, "connect": 5, "settings": [], "statements": [], **FOR_NODE}
        environment = {"NODE_PATH": str(tmp_path), "DATABASE_URL": url, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [shutil.which("node"), "-e", NODE], input=json.dumps(task) + "\n", env=environment, text=True, capture_output=True, timeout=60, check=True
        )
        return json.loads(done.stdout), [json.loads(line) for line in done.stderr.splitlines()]

    return run


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("postgresql+asyncpg://u:p/w#?@db:5433/x", "postgresql://u:p%2Fw%23%3F@db:5433/x"),
        ("postgresql+asyncpg://u:/w@db/x", "postgresql://u:%2Fw@db/x"),
        ("postgres://u@server:p@db/x?schema=auth", "postgres://u%40server:p@db/x?schema=auth"),
        ("postgresql://u:p@db/x?sslmode=require&sslaccept=strict&sslcert=/ca.pem",
         "postgresql://u:p@db/x?sslmode=verify-full&sslaccept=strict&sslrootcert=%2Fca.pem"),
        ("postgresql://u:p@db/x?sslcert=/me.pem&sslkey=/me.key", "postgresql://u:p@db/x?sslcert=%2Fme.pem&sslkey=%2Fme.key"),
    ],
)  # fmt: skip
def test_the_url_that_the_node_program_connects_by(node, url, given):
    result, driver = node(url)
    assert result == {"results": []} and driver[0] == given
    assert ('SET LOCAL search_path TO "auth"' in driver) == ("auth" in url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("'postgresql://u:hunter2@db/x'", "is in quotes"),
        ("psql 'postgresql://u:hunter2@db/x'", "is a psql command"),
        ("postgresql://u:hunter2@a:5432,b:5432/x", SEVERAL_HOSTS),
        ("postgresql://u:hunter2@db/x?host=a,b", SEVERAL_HOSTS),
        ("postgresql://u:12/hunter2@db/x", INVALID),
    ],
)
def test_both_programs_refuse_it_with_the_same_words(tmp_path, node, url, words):
    refused, driver = node(url)
    assert refused["refused"].startswith(words) and not driver
    assert program(tmp_path, url=url) == (refused, [])
    assert "hunter2" not in json.dumps(refused)


@pytest.mark.parametrize("query", ["sslnegotiation=direct&sslmode=require", "ssl=true"])
def test_a_parameter_that_the_driver_in_the_container_does_not_know(tmp_path, query):
    refused, driver = program(tmp_path, url=f"postgresql://u:p@db/x?{query}")
    assert "which needs libpq 1" in refused["refused"] and "has version 15.18. Update the driver in the container" in refused["refused"] and not driver
