# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done next, and what is refused, without a database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.options import DATABASE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.archive import COLUMNS
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.batches import next_size
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.checks import privileges, restore_privileges
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.model import Archive, Column, Index, Observed, Table
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.options import ARGUMENT_SPEC, DedupOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.plan import (
    CREATE,
    NONE,
    REBUILD,
    WAIT,
    index_to_drop,
    make_plan,
    require_own_index,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

NAME, EXPRESSION = "uq_audit_log_event_id", "(details ->> 'event_id'::text)"
OURS = Index(NAME, expression=EXPRESSION, predicate=f"({EXPRESSION} IS NOT NULL)", definition="CREATE UNIQUE INDEX …")
TABLE = Table(
    "audit_log", "public", "r", "todo", key=("id",),
    columns=(Column("id", "text", "id"), Column("timestamp", "timestamp with time zone", '"timestamp"'), Column("details", "jsonb", "details")),
)  # fmt: skip


def options(**given) -> DedupOptions:
    defaults = {name: one.get("default") for name, one in ARGUMENT_SPEC.items()}
    place = {name: one.get("default") for name, one in DATABASE["options"].items()}
    return DedupOptions.of({**defaults, "database": {**place, "url": "postgresql://u:p@h/d"}, "table": "audit_log", **given})


def observed(*indexes: Index, table: Table = TABLE, archive: Archive = Archive("public", "runbook_event_archive")) -> Observed:
    return Observed(table, archive, indexes)


@pytest.mark.parametrize(("indexes", "step"), [
    ([], CREATE), ([OURS], NONE), ([replace(OURS, valid=False)], REBUILD), ([replace(OURS, valid=False, building=True)], WAIT),
    ([replace(OURS, predicate="")], NONE), ([replace(OURS, predicate="(details ? 'event_id'::text)")], NONE),
    ([replace(OURS, name="own", ours=False)], NONE), ([replace(OURS, name="own", ours=False, valid=False)], CREATE),
    ([replace(OURS, name="own", ours=False, predicate="(id > 5)")], CREATE), ([replace(OURS, name="own", ours=False, unique=False)], CREATE),
])  # fmt: skip
def test_the_next_step(indexes, step):
    assert make_plan(observed(*indexes), options()).step == step


@pytest.mark.parametrize("other", [
    {"expression": "(details ->> 'other'::text)"}, {"unique": False}, {"predicate": "(id > 5)"}, {"on_table": False}, {"definition": "", "expression": ""},
])  # fmt: skip
@pytest.mark.parametrize("valid", [True, False])
def test_another_definition_is_refused(other, valid):
    with pytest.raises(RunbookError, match="exists with another definition.*Nothing was changed.*Required is: CREATE UNIQUE INDEX CONCURRENTLY"):
        make_plan(observed(replace(OURS, valid=valid, **other)), options())


@pytest.mark.parametrize(("change", "message"), [
    ({"kind": "v"}, "is a view"), ({"kind": "f"}, "is a foreign table"), ({"partition_key": "RANGE (at)"}, "is partitioned by RANGE"),
    ({"parent": "events"}, "partition or child table of events"), ({"children": ("older",)}, "has child tables"), ({"hides_rows": True}, "Row security"),
    ({"columns": TABLE.columns[:2]}, "column: public.audit_log has no column details. It has id, timestamp"),
    ({"columns": (*TABLE.columns[:2], Column("details", "text"))}, "has the type text"),
    ({"triggers": ("t",)}, "react to a change: t"), ({"rules": ("r",)}, "react to a change: r"),
])  # fmt: skip
def test_an_unusable_table_is_refused(change, message):
    with pytest.raises(RunbookError, match=message) as refused:
        make_plan(observed(table=replace(TABLE, **change)), options())
    assert "Nothing was changed." in str(refused.value)


def test_triggers_are_accepted_on_request():
    assert make_plan(observed(table=replace(TABLE, triggers=("t",))), options(allow_triggers=True)).step == CREATE


def test_json_has_no_index_for_a_json_value():
    table = replace(TABLE, columns=(*TABLE.columns[:2], Column("details", "json", "details")))
    with pytest.raises(RunbookError, match="Use ->>"):
        make_plan(observed(table=table), options(operator="->"))
    assert make_plan(observed(table=table), options()).step == CREATE


@pytest.mark.parametrize("archive", [{"columns": frozenset({"a"})}, {"columns": frozenset(COLUMNS), "hidden": True}])
def test_another_table_is_no_archive(archive):
    with pytest.raises(RunbookError, match="archive_table: "):
        make_plan(observed(archive=Archive("public", "runbook_event_archive", **archive)), options())


@pytest.mark.parametrize(("given", "message"), [
    ({"path": []}, "path: "), ({"path": [""]}, "path: "), ({"path": ["a\0"]}, "NUL"), ({"order_by": []}, "order_by: "), ({"batch_size": 0}, "batch_size: "),
    ({"index_timeout": 0}, "index_timeout: "), ({"archive_table": "audit_log"}, "archive_table: "), ({"archive_id": "x"}, "archive_id: "),
    ({"index": "x" * 64}, "not a valid name"), ({"order_by": ["a$b"]}, "not a valid name"),
])  # fmt: skip
def test_invalid_options_are_named(given, message):
    with pytest.raises(RunbookError, match=message):
        options(**given)


def test_privileges():
    archive = Archive("public", "runbook_event_archive", frozenset(COLUMNS))
    assert "DELETE on public.audit_log" in privileges(observed()) and "CREATE on schema public" in privileges(observed())
    assert "INSERT on public.runbook_event_archive" in privileges(observed(archive=archive))
    assert restore_privileges(observed(archive=archive))[-2:] == ["SELECT on public.runbook_event_archive", "UPDATE on public.runbook_event_archive"]
    with pytest.raises(RunbookError, match="lacks privileges: ownership of public.audit_log"):
        TABLE.require("ownership of public.audit_log")


def test_only_the_own_index_is_dropped():
    assert index_to_drop(observed(OURS), options()) == OURS and index_to_drop(observed(replace(OURS, ours=False)), options()) is None
    require_own_index(observed(OURS), options())
    with pytest.raises(RunbookError, match="name it in the option index"):
        require_own_index(observed(replace(OURS, name="own", ours=False)), options())


@pytest.mark.parametrize(
    ("size", "seconds", "following"), [(500, 0.05, 1000), (4000, 0.05, 5000), (500, 0.3, 500), (500, 0.6, 125), (1, 9, 1), (9000, 0.3, 5000)]
)
def test_the_size_of_the_next_batch(size, seconds, following):
    assert next_size(size, seconds, 5000) == following
