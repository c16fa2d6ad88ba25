# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Events that were written twice, in the database of the application: found, archived, kept out, and restored."""

from __future__ import annotations

import pytest
from todo_pods import sql

pytestmark = pytest.mark.phase("application")
RECOVER = "playbooks/recover_duplicates.yml"
INDEX = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('uq_twice_audit_log_event_id')"
DIGEST = "SELECT md5(string_agg(a::text, ',' ORDER BY id)) FROM twice_audit_log AS a"
TABLES = {"events": [{"table": "twice_audit_log"}], "requests": [{"table": "twice_task", "columns": ["user_id", "title"]}]}
EVENTS = (
    "INSERT INTO twice_audit_log (id, event_type, timestamp, details) SELECT n, 'x', timestamptz '2025-03-01 12:00:00' + n * interval '1 second', "
    "jsonb_build_object('event_id', 'e-' || n / 3) FROM generate_series(1, 5) AS n"
)
TASKS = "INSERT INTO twice_task VALUES (1, 'u', 'Milk', '2025-03-01 12:00:00'), (2, 'u', 'milk', '2025-03-01 12:00:00.002')"


@pytest.fixture
def incident(cluster):
    """Tables of the test's own: events of which two were delivered more than once, and two tasks of one request."""
    remove = "DROP TABLE IF EXISTS twice_audit_log, twice_task"
    sql(cluster, remove)
    sql(cluster, "CREATE TABLE twice_audit_log (id int PRIMARY KEY, event_type text, timestamp timestamptz, details jsonb)")
    sql(cluster, "CREATE TABLE twice_task (id int PRIMARY KEY, user_id text, title text, created_at timestamptz)")
    sql(cluster, EVENTS)
    sql(cluster, TASKS)
    yield
    sql(cluster, remove)
    sql(cluster, "DO $$ BEGIN DELETE FROM runbook_event_archive WHERE table_name = 'twice_audit_log'; EXCEPTION WHEN undefined_table THEN NULL; END $$")


def test_duplicates_are_named_archived_kept_out_and_restored(cluster, playbooks, incident):
    before = sql(cluster, DIGEST)
    tables = {"runbook_app_overrides": {"name": "twice", "duplicates": TABLES}}  # and a Lease of its own
    predicted = " ".join(playbooks.run(RECOVER, "--check", **tables).ok().output.split())  # long lines are folded
    assert "id=2 (kept: id=1), id=4 (kept: id=3), id=5 (kept: id=3)" in predicted and "id=2 after id=1" in predicted
    assert "delivered again" in predicted and "by two calls or two replicas at the same time" in predicted
    assert (sql(cluster, DIGEST), sql(cluster, INDEX)) == (before, [])

    playbooks.run(RECOVER, **tables).ok()
    assert sql(cluster, "SELECT id FROM twice_audit_log ORDER BY id") == [["1"], ["3"]]
    assert (sql(cluster, INDEX), sql(cluster, "SELECT count(*) FROM twice_task")) == ([["t"]], [["2"]])
    assert playbooks.run(RECOVER, **tables).ok().recap["changed"] == 0

    playbooks.run(RECOVER, idempotency_state="restored", **tables).ok()
    assert (sql(cluster, DIGEST), sql(cluster, INDEX)) == (before, [])
