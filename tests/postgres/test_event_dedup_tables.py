# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables as applications really have them: handled by event_dedup, or refused with the reason and unchanged."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import DatabaseError
from event_tables import AUDIT_LOG, dedup, ids, indexes, insert, refused, stored, succeeded
from played_pod import ways_in_pods

TWICE = (AUDIT_LOG, insert(1, "a", 0), insert(2, "a", 2), insert(3, "b", 3))


@pytest.fixture
def in_pod(monkeypatch):
    return ways_in_pods(monkeypatch)


def test_a_table_without_primary_key(server, database):
    server.sql(database, AUDIT_LOG.replace("PRIMARY KEY", ""), *(insert(number, "a", number) for number in (1, 2, 2)))
    server.sql(database, "UPDATE audit_log SET id = 1")
    before = stored(server, database)
    done = succeeded(server, database, ignored_columns=["id"])
    assert [(one["row"], one["kept"]) for one in done["duplicates"]] == [("ctid=(0,5)", "ctid=(0,4)"), ("ctid=(0,6)", "ctid=(0,4)")]
    assert len(ids(server, database)) == 1
    assert succeeded(server, database, state="restored")["restored"] == 2
    assert stored(server, database) == before


def test_names_with_spaces_quotes_and_capitals(server, database):
    server.sql(
        database,
        '''CREATE TABLE "Audit Log" ("The Id" int PRIMARY KEY, "At" timestamp, "The ""Doc""" json, "order" int)''',
        """INSERT INTO "Audit Log" VALUES (1, '2025-03-01', '{"a b": [{"it''s \\\\": "x"}]}', 1), (2, '2025-03-02', '{"a b": [{"it''s \\\\": "x"}]}', 1)""",
    )
    options = {"table": "Audit Log", "column": 'The "Doc"', "path": ["a b", "0", "it's \\"], "operator": "#>>", "order_by": ["At"]}
    before = server.sql(database, 'SELECT "The Id", "The ""Doc"""::text FROM "Audit Log" ORDER BY 1')
    done = succeeded(server, database, **options)
    assert (done["duplicates"][0]["row"], done["index"]["name"], done["kinds"]) == ("The Id=2", "uq_Audit Log_it's \\", {"redelivery": 1})
    assert not succeeded(server, database, **options)["changed"]
    assert succeeded(server, database, **options, state="restored")["restored"] == 1
    assert server.sql(database, 'SELECT "The Id", "The ""Doc"""::text FROM "Audit Log" ORDER BY 1') == before


def test_columns_that_are_named_like_the_aliases_of_the_queries(server, database):
    names = ["d", "t", "k", "a", "b", "was", "gone", "r", "key", "place", "entry", "content"]
    server.sql(
        database,
        AUDIT_LOG,
        *(f'ALTER TABLE audit_log ADD "{name}" int DEFAULT 1' for name in names),
        "INSERT INTO audit_log VALUES (1, 'x', now(), '{\"event_id\": \"a\"}')",
    )
    server.sql(database, "INSERT INTO audit_log SELECT 2, event_type, timestamp, details FROM audit_log")
    before = stored(server, database)
    assert succeeded(server, database)["duplicate_count"] == 1
    assert server.sql(database, "SELECT count(*) FROM runbook_event_archive, json_object_keys(content)") == [(4 + len(names),)]
    assert succeeded(server, database, state="restored")["restored"] == 1
    assert stored(server, database) == before
    succeeded(server, database)
    server.sql(database, "INSERT INTO audit_log VALUES (2, 'x', now(), '{}')")
    assert "id=2" in refused(server, database, state="restored")["msg"]


@pytest.mark.parametrize("path", [["it's"], ["a b", "NULL"], ["\\", '"', "{}"]])
@pytest.mark.parametrize("operator", ["->>", "->", "#>>"])
def test_the_index_is_recognized_whatever_the_keys(server, database, path, operator):
    server.sql(database, AUDIT_LOG)
    assert succeeded(server, database, path=path, operator=operator)["index"]["action"] == "create"
    assert not succeeded(server, database, path=path, operator=operator)["changed"]


def test_documents_of_ten_megabytes(server, database):
    server.sql(
        database, AUDIT_LOG,
        "INSERT INTO audit_log SELECT number, 'x', timestamptz '2025-03-01' + number * interval '1 second', jsonb_build_object('event_id', 'a', 'body', "
        "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 330000) AS n)) FROM generate_series(1, 3) AS number",
    )  # fmt: skip
    before = server.sql(database, "SELECT id, md5(details::text), length(details::text) > 10000000 FROM audit_log ORDER BY id")
    assert before[0][2]
    done = succeeded(server, database)
    assert (done["duplicate_count"], done["batches"], ids(server, database)) == (2, 2, [1]), "a batch holds a few of them only"
    succeeded(server, database, state="restored")
    assert server.sql(database, "SELECT id, md5(details::text), length(details::text) > 10000000 FROM audit_log ORDER BY id") == before


@pytest.mark.parametrize("on_delete", ["NO ACTION", "CASCADE"])
def test_rows_that_others_refer_to_are_refused(server, database, on_delete):
    server.sql(database, *TWICE, f"CREATE TABLE note (event int REFERENCES audit_log ON DELETE {on_delete})", "INSERT INTO note VALUES (2)")
    assert "id=2 (referenced by note_event_fkey, event id a, older row id=1)" in refused(server, database)["msg"]
    assert (ids(server, database), server.sql(database, "SELECT event FROM note")) == ([1, 2, 3], [(2,)])
    server.sql(database, "UPDATE note SET event = 1")
    assert succeeded(server, database)["duplicate_count"] == 1


def test_a_reference_that_arrives_meanwhile_is_not_deleted_with_its_row(server, database, monkeypatch):
    """It would be, with ON DELETE CASCADE."""
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup import apply

    server.sql(database, *TWICE, "CREATE TABLE note (event int REFERENCES audit_log ON DELETE CASCADE)")
    move = apply._move

    def referred(*arguments):
        server.sql(database, "INSERT INTO note VALUES (2)")
        return move(*arguments)

    monkeypatch.setattr(apply, "_move", referred)
    failed = dedup(server, database)
    assert failed["failed"] and "referenced by note_event_fkey" in failed["msg"]
    assert (ids(server, database), server.sql(database, "SELECT event FROM note")) == ([1, 2, 3], [(2,)])


@pytest.mark.parametrize("changed", [1, 2])
def test_a_row_that_changes_meanwhile_is_not_removed(server, database, monkeypatch, changed):
    """Neither is its duplicate, and its place may be that of the version that was compared."""
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup import apply

    server.sql(database, *TWICE, "CREATE INDEX ON audit_log (event_type)")
    move = apply._move
    place = f"SELECT ctid::text FROM audit_log WHERE id = {changed}"

    def change(*arguments):
        before = server.sql(database, place)
        update = f"UPDATE audit_log SET event_type = event_type || '!' WHERE id = {changed}"
        server.sql(database, update, "VACUUM audit_log", update)
        assert server.sql(database, place) == before
        return move(*arguments)

    monkeypatch.setattr(apply, "_move", change)
    assert "different content" in dedup(server, database)["msg"]
    assert ids(server, database) == [1, 2, 3]


def test_the_last_row_of_an_event_is_never_removed(server, database, monkeypatch):
    """Somebody deletes the older row after the two were compared."""
    from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup import apply

    server.sql(database, *TWICE)
    move = apply._move

    def deleted(*arguments):
        server.sql(database, "DELETE FROM audit_log WHERE id = 1")
        return move(*arguments)

    monkeypatch.setattr(apply, "_move", deleted)
    assert succeeded(server, database)["duplicate_count"] == 0
    assert ids(server, database) == [2, 3]


def test_triggers_need_consent(server, database):
    server.sql(
        database, *TWICE, "CREATE TABLE gone (id int)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO gone VALUES (OLD.id); RETURN OLD; END $$",
        "CREATE TRIGGER on_delete BEFORE DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION note()",
    )  # fmt: skip
    assert "react to a change: on_delete" in refused(server, database)["msg"]
    assert succeeded(server, database, allow_triggers=True)["duplicate_count"] == 1
    assert server.sql(database, "SELECT id FROM gone") == [(2,)]


def test_a_trigger_that_prevents_the_removal_ends_the_run(server, database):
    server.sql(
        database, *TWICE, "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER keep BEFORE DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep()",
    )  # fmt: skip
    assert "in each of 5 rounds" in dedup(server, database, allow_triggers=True)["msg"]
    assert server.sql(database, "SELECT count(content) FROM runbook_event_archive") == [(0,)] and ids(server, database) == [1, 2, 3]


PARTITIONED = AUDIT_LOG.replace("id int PRIMARY KEY", "id int") + " PARTITION BY RANGE (timestamp)"
PART = "CREATE TABLE part PARTITION OF audit_log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"


@pytest.mark.parametrize(("statements", "table", "message"), [
    ((AUDIT_LOG, "CREATE VIEW seen AS SELECT * FROM audit_log"), "seen", "is a view"),
    ((AUDIT_LOG, "CREATE MATERIALIZED VIEW seen AS SELECT * FROM audit_log"), "seen", "is a materialized view"),
    ((PARTITIONED, PART), "audit_log", r"is partitioned by RANGE ("),
    ((PARTITIONED, PART), "part", "is a partition or child table of audit_log"),
    ((AUDIT_LOG, "CREATE TABLE older () INHERITS (audit_log)"), "audit_log", "has child tables (older)"),
    ((AUDIT_LOG.replace("jsonb", "text"),), "audit_log", "has the type text"),
    ((AUDIT_LOG.replace("timestamp timestamptz", "at timestamptz"),), "audit_log", "has no column timestamp. It has id, event_type, at"),
    ((AUDIT_LOG, "ALTER TABLE audit_log ADD archive_id int"), "nowhere", "has no table"),
    ((AUDIT_LOG, "CREATE TABLE runbook_event_archive (a int)"), "audit_log", "is not an archive of this module"),
])  # fmt: skip
def test_what_can_not_be_used_is_refused_with_the_reason(server, database, statements, table, message):
    server.sql(database, *statements)
    assert message in refused(server, database, table=table)["msg"]


def test_json_null_is_an_id_to_one_operator_only(server, database):
    null = "INSERT INTO audit_log VALUES ({}, 'x', now(), '{{\"event_id\": null}}')"
    server.sql(database, AUDIT_LOG, null.format(1), null.format(2))
    assert "JSON null" in refused(server, database, operator="->")["msg"]
    assert succeeded(server, database)["duplicate_count"] == 0


def test_an_id_that_no_index_can_hold_is_explained(server, database):
    server.sql(
        database,
        AUDIT_LOG,
        "INSERT INTO audit_log SELECT 1, 'x', now(), jsonb_build_object('event_id', string_agg(md5(n::text), '')) FROM generate_series(1, 900) n",
    )
    failed = dedup(server, database)
    assert failed["failed"] and "An id is longer than an entry of an index may be" in failed["msg"]


def test_generated_and_identity_columns_are_restored(server, database):
    server.sql(
        database,
        "CREATE TABLE audit_log (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, timestamp timestamptz NOT NULL, details jsonb NOT NULL, "
        "kind text GENERATED ALWAYS AS (details->>'type') STORED)",
        'INSERT INTO audit_log (timestamp, details) SELECT timestamptz \'2025-03-01\', \'{"event_id": "a", "type": "x"}\' FROM generate_series(1, 3)',
    )
    before = stored(server, database)
    assert succeeded(server, database)["kinds"] == {"double_dispatch": 2}
    succeeded(server, database, state="restored")
    assert stored(server, database) == before


def test_consumers_of_two_subscriptions(server, database):
    server.sql(database, *TWICE, "ALTER TABLE audit_log ADD app_id text", "UPDATE audit_log SET app_id = 'audit-' || id")
    assert succeeded(server, database, consumer_column="app_id")["kinds"] == {"two_subscriptions": 1}


def test_a_build_by_another_session_is_waited_for(server, database):
    """It waits for an older transaction, as a run does that was cut off while the server builds its index."""
    server.sql(database, AUDIT_LOG, insert(1, "a", 0))
    create = "CREATE UNIQUE INDEX CONCURRENTLY uq_audit_log_event_id ON audit_log ((details->>'event_id')) WHERE (details->>'event_id') IS NOT NULL"
    with closing(server.connect(database)) as old:
        old.autocommit = False
        old.cursor().execute("INSERT INTO audit_log VALUES (9, 'x', now(), '{}')")
        builder = threading.Thread(target=server.sql, args=(database, create))
        builder.start()
        while server.sql(database, "SELECT count(*) FROM pg_stat_progress_create_index WHERE index_relid <> 0") == [(0,)]:
            pass
        assert succeeded(server, database, check=True)["index"]["action"] == "wait"
        waited = dedup(server, database, index_timeout=1)
        assert waited["failed"] and "Another session has not finished the index" in waited["msg"]
        old.commit()
        assert succeeded(server, database)["index"]["action"] in ("wait", "none")
        builder.join()
    assert indexes(server, database) == [("uq_audit_log_event_id", True)]


def test_an_index_that_takes_too_long_is_left_to_the_next_run(server, database):
    server.sql(database, AUDIT_LOG, insert(1, "a", 0))
    with closing(server.connect(database)) as old:
        old.autocommit = False
        old.cursor().execute("INSERT INTO audit_log VALUES (9, 'x', now(), '{}')")
        failed = dedup(server, database, index_timeout=2)
        assert failed["failed"] and "Run again: the next run waits for it" in failed["msg"]
    succeeded(server, database)
    assert indexes(server, database) == [("uq_audit_log_event_id", True)]


def test_outside_of_a_transaction_from_inside_a_pod(server, pooler, database, in_pod):
    from addresses import url

    server.sql(database, AUDIT_LOG)
    way = in_pod(url(pooler.port, database))
    way.run_outside_transaction("CREATE UNIQUE INDEX CONCURRENTLY one ON public.audit_log ((details->>'event_id'))", 60)
    assert indexes(server, database) == [("one", True)]
    with pytest.raises(DatabaseError) as failed:
        way.run_outside_transaction("CREATE UNIQUE INDEX CONCURRENTLY one ON public.audit_log ((details->>'event_id'))", 60)
    assert failed.value.sqlstate == "42P07" and not failed.value.unknown
