# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Duplicate events are archived and kept out, on a real PostgreSQL, as the guide's table has them, and through a pooler in transaction mode."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from addresses import url
from event_tables import AUDIT_LOG, dedup, ids, indexes, insert, refused, stored, succeeded
from servers import PASSWORD

ARCHIVED = "SELECT row_name, content->'details'->>'event_id' FROM runbook_event_archive ORDER BY entry"


@pytest.fixture
def events(server, database):
    """The guide's table: an event that was redelivered after 2 s, one that two replicas wrote, a single one, and rows without an id."""
    server.sql(
        database, AUDIT_LOG, insert(1, "a", 0), insert(2, "a", 2), insert(3, "b", 1), insert(4, "b", 1.003), insert(5, "b", 9), insert(6, "c", 3),
        insert(7, None, 4), insert(8, None, 4), insert(9, "A", 5),
    )  # fmt: skip
    server.sql(database, "INSERT INTO audit_log (id, event_type, timestamp, details) VALUES (10, 'x', now(), '{\"event_id\": null}'), (11, 'x', now(), '{}')")
    return database


def test_duplicates_are_archived_and_kept_out(server, events):
    predicted = succeeded(server, events, check=True)
    assert server.sql(events, "SELECT to_regclass('runbook_event_archive')") == [(None,)] and len(ids(server, events)) == 11
    assert [(one["event_id"], one["row"], one["kept"], one["kind"], one["gap"]) for one in predicted["duplicates"]] == [
        ("a", "id=2", "id=1", "redelivery", 2.0), ("b", "id=4", "id=3", "double_dispatch", 0.003), ("b", "id=5", "id=3", "redelivery", 8.0),
    ]  # fmt: skip
    done = succeeded(server, events)
    assert {name: done[name] for name in ("duplicates", "duplicate_count", "kinds", "index", "changed")} == {
        name: predicted[name] for name in ("duplicates", "duplicate_count", "kinds", "index", "changed")
    }
    assert done["kinds"] == {"double_dispatch": 1, "redelivery": 2} and done["batches"] == 1
    assert ids(server, events) == [1, 3, 6, 7, 8, 9, 10, 11]
    assert server.sql(events, ARCHIVED) == [("id=2", "a"), ("id=4", "b"), ("id=5", "b")]
    assert indexes(server, events) == [("uq_audit_log_event_id", True)]
    with pytest.raises(Exception, match="uq_audit_log_event_id"):
        server.sql(events, insert(20, "a", 30))
    second = succeeded(server, events)
    assert (second["changed"], second["duplicates"], second["archive_id"]) == (False, [], None)
    assert not succeeded(server, events, check=True)["changed"]


def test_archived_rows_are_written_back_once(server, events):
    before = stored(server, events)
    done = succeeded(server, events)
    predicted = succeeded(server, events, check=True, state="restored")
    assert (predicted["restored"], predicted["index"]["action"], len(ids(server, events))) == (3, "drop", 8)
    restored = succeeded(server, events, state="restored", archive_id=done["archive_id"])
    assert (restored["restored"], restored["changed"], stored(server, events), indexes(server, events)) == (3, True, before, [])
    again = succeeded(server, events, state="restored")
    assert (again["changed"], stored(server, events)) == (False, before)
    assert succeeded(server, events)["duplicate_count"] == 3


def test_restoring_overwrites_nothing_newer(server, events):
    succeeded(server, events)
    server.sql(events, insert(2, "another", 50))
    kept = stored(server, events)
    assert "id=2" in refused(server, events, state="restored")["msg"]
    assert (stored(server, events), indexes(server, events)) == (kept, [("uq_audit_log_event_id", True)])
    assert "has no nowhere" in refused(server, events, state="restored", archive_id="nowhere")["msg"]


def test_the_same_id_with_different_content_is_refused(server, events):
    server.sql(events, 'UPDATE audit_log SET details = details || \'{"secret": "hunter2"}\' WHERE id = 5')
    before = stored(server, events)
    for check in (True, False):
        failed = refused(server, events, check=check)
        assert "id=5 (different content, event id b, older row id=3)" in failed["msg"] and "Nothing was changed" in failed["msg"]
        assert [(one["row"], one["problem"]) for one in failed["conflicts"]] == [("id=5", "different content")]
        assert "hunter2" not in json.dumps(failed)
    assert (stored(server, events), indexes(server, events)) == (before, [])
    assert server.sql(events, "SELECT to_regclass('runbook_event_archive')") == [(None,)]
    assert succeeded(server, events, ignored_keys=["secret"])["duplicate_count"] == 3


def test_an_id_as_number_and_as_text_is_not_the_same_content(server, database):
    server.sql(database, AUDIT_LOG, "INSERT INTO audit_log VALUES (1, 'x', now(), '{\"event_id\": 7}'), (2, 'x', now(), '{\"event_id\": \"7\"}')")
    assert "different content" in refused(server, database)["msg"]
    distinct = succeeded(server, database, operator="->")
    assert (distinct["duplicate_count"], distinct["index"]["action"]) == (0, "create")


def test_through_a_pooler_in_transaction_mode(server, pooler, events):
    before = stored(server, events)
    for _round in range(3):
        assert succeeded(pooler, events)["duplicate_count"] == 3
        assert not succeeded(pooler, events)["changed"]
        assert succeeded(pooler, events, state="restored")["restored"] == 3
        assert stored(server, events) == before


def test_an_invalid_index_is_rebuilt(server, events):
    with pytest.raises(Exception, match="could not create unique index"):
        server.sql(
            events, "CREATE UNIQUE INDEX CONCURRENTLY uq_audit_log_event_id ON audit_log ((details->>'event_id')) WHERE details->>'event_id' IS NOT NULL"
        )
    assert indexes(server, events) == [("uq_audit_log_event_id", False)]
    assert succeeded(server, events, check=True)["index"]["action"] == "rebuild"
    assert succeeded(server, events)["index"]["action"] == "rebuild"
    assert indexes(server, events) == [("uq_audit_log_event_id", True)]
    assert not succeeded(server, events)["changed"]


@pytest.mark.parametrize(
    "definition",
    ["INDEX {} ON audit_log (event_type)", "UNIQUE INDEX {} ON audit_log ((details->>'task_id'))", "TABLE {} (a int)"],
)
def test_what_else_has_the_name_of_the_index_is_refused(server, events, definition):
    server.sql(events, "CREATE " + definition.format("uq_audit_log_event_id"))
    assert "exists with another definition" in refused(server, events)["msg"]
    assert len(ids(server, events)) == 11


@pytest.mark.parametrize("predicate", ["", "WHERE details ? 'event_id'", "WHERE (details->>'event_id') IS NOT NULL"])
def test_an_index_of_the_application_is_enough(server, database, predicate):
    server.sql(database, AUDIT_LOG, insert(1, "a", 0), f"CREATE UNIQUE INDEX own ON audit_log ((details->>'event_id')) {predicate}")
    found = succeeded(server, database)
    assert (found["changed"], found["index"]["name"]) == (False, "own")


def test_what_is_read_only_is_refused(server, events):
    server.sql("postgres", f"ALTER DATABASE {events} SET default_transaction_read_only = on")
    for check in (True, False):
        assert "default_transaction_read_only" in refused(server, events, check=check)["msg"]


def test_a_standby_is_refused(server, standby, database):
    server.sql(database, AUDIT_LOG, insert(1, "a", 0), insert(2, "a", 2))
    where = server.sql(database, "SELECT pg_current_wal_lsn()::text")[0][0]
    while server.sql("postgres", f"SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= '{where}'") == [(0,)]:
        pass
    assert "is a standby" in refused(standby, database)["msg"]


def test_missing_privileges_are_named(server, events):
    server.sql("postgres", "DROP ROLE IF EXISTS dedup_reader", "CREATE ROLE dedup_reader LOGIN PASSWORD 'planted-hunter2'")
    server.sql(events, "GRANT SELECT ON audit_log TO dedup_reader")
    found = dedup(server, events, account={"user": "dedup_reader", "password": "planted-hunter2"})
    assert found["failed"] and set(found["missing_permissions"]) >= {"DELETE on public.audit_log", "ownership of public.audit_log"}


def test_the_archive_belongs_to_its_owner_alone(server, events):
    server.sql(events, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC")
    succeeded(server, events)
    assert server.sql(events, "SELECT relrowsecurity, relacl::text FROM pg_class WHERE relname = 'runbook_event_archive'") == [
        (True, "{owner=arwdDxtm/owner}")
    ] or (server.sql(events, "SELECT count(*) FROM pg_class, aclexplode(relacl) a WHERE relname = 'runbook_event_archive' AND a.grantee = 0") == [(0,)])


def test_no_result_shows_the_password(server, events):
    assert PASSWORD not in json.dumps(succeeded(server, events))


def test_rows_in_use_are_left_to_the_next_round(server, events, monkeypatch):
    """A client has a duplicate locked while the batch runs; it ends before the index is created."""
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup import apply

    with closing(server.connect(events)) as client:
        client.autocommit = False
        client.cursor().execute("SELECT 1 FROM audit_log WHERE id = 2 FOR UPDATE")
        create = apply.create_index

        def released(*arguments):
            client.rollback()
            return create(*arguments)

        monkeypatch.setattr(apply, "create_index", released)
        done = succeeded(server, events)
    assert (done["duplicate_count"], done["batches"]) == (3, 2)
    assert ids(server, events) == [1, 3, 6, 7, 8, 9, 10, 11]


def test_a_duplicate_that_arrives_before_the_index_is_archived_too(server, events, monkeypatch):
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup import apply

    create, late = apply.create_index, [insert(30, "c", 60)]

    def arrived(*arguments):
        if late:
            server.sql(events, late.pop())
        return create(*arguments)

    monkeypatch.setattr(apply, "create_index", arrived)
    assert succeeded(server, events)["duplicate_count"] == 4
    assert indexes(server, events) == [("uq_audit_log_event_id", True)]


def test_a_run_beside_another_lists_its_duplicates_again(server, events, monkeypatch):
    """The other one has removed the entries of a run that it took for an interrupted one."""
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup import apply

    move, once = apply._move, ["DELETE FROM runbook_event_archive WHERE removed_at IS NULL"]

    def removed(*arguments):
        if once:
            server.sql(events, once.pop())
        return move(*arguments)

    monkeypatch.setattr(apply, "_move", removed)
    assert succeeded(server, events)["duplicate_count"] == 3
    assert server.sql(events, "SELECT count(*), count(content) FROM runbook_event_archive") == [(3, 3)]


def test_duplicates_that_keep_arriving_end_the_run(server, events, monkeypatch):
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup import apply

    create, number = apply.create_index, iter(range(30, 60))

    def arrived(*arguments):
        server.sql(events, insert(next(number), "c", 60))
        return create(*arguments)

    monkeypatch.setattr(apply, "create_index", arrived)
    failed = dedup(server, events)
    assert failed["failed"] and "in each of 5 rounds" in failed["msg"]
    monkeypatch.undo()
    assert succeeded(server, events)["changed"] and indexes(server, events) == [("uq_audit_log_event_id", True)]


def test_an_interrupted_run_is_completed_by_the_next(server, events, monkeypatch):
    """The run ends after it listed the duplicates, and later after the rows were moved."""
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup import apply

    for function in ("_move", "create_index"):
        with monkeypatch.context() as patch:
            patch.setattr(apply, function, lambda *_arguments: (one for one in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                dedup(server, events)
    assert succeeded(server, events)["duplicate_count"] == 0
    assert server.sql(events, "SELECT count(*), count(content) FROM runbook_event_archive") == [(3, 3)]
    assert succeeded(server, events, state="restored")["restored"] == 3


def test_a_url_with_its_schema(server, database):
    server.sql(database, "CREATE SCHEMA app", AUDIT_LOG, "SET search_path = app", AUDIT_LOG.replace("audit_log", "app.audit_log"))
    server.sql(database, insert(1, "a", 0).replace("audit_log", "app.audit_log"), insert(2, "a", 2).replace("audit_log", "app.audit_log"))
    done = succeeded(server, database, query="schema=app")
    assert (done["table"], done["duplicate_count"], done["archive_table"]) == ("app.audit_log", 1, "app.runbook_event_archive")
    assert url(server.port, database)
