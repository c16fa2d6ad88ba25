# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The expression for an id, as SQL and as PostgreSQL prints it, and the name of its index."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.expression import Expression, array_text, literal
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.options import default_index


@pytest.mark.parametrize(("path", "operator", "sql", "printed"), [
    (["event_id"], "->>", """("details" ->> 'event_id')""", "(details ->> 'event_id'::text)"),
    (["data", "id"], "->>", """(("details" -> 'data') ->> 'id')""", "((details -> 'data'::text) ->> 'id'::text)"),
    (["data", "id"], "->", """(("details" -> 'data') -> 'id')""", "((details -> 'data'::text) -> 'id'::text)"),
    (["data", "id"], "#>>", """("details" #>> '{data,id}'::text[])""", "(details #>> '{data,id}'::text[])"),
    (["it's"], "->>", """("details" ->> 'it''s')""", "(details ->> 'it''s'::text)"),
    (["a\\b"], "->>", """("details" ->> E'a\\\\b')""", "(details ->> 'a\\b'::text)"),
])  # fmt: skip
def test_an_expression_as_sql_and_as_printed(path, operator, sql, printed):
    expression = Expression("details", tuple(path), operator)
    assert (expression.sql(), expression.printed("details")) == (sql, printed)
    assert expression.sql("t") == sql.replace('"details"', 't."details"')


def test_a_predicate_may_ask_for_the_only_key():
    assert Expression("details", ("event_id",)).predicates("details") == (
        "((details ->> 'event_id'::text) IS NOT NULL)", "(details ? 'event_id'::text)",
    )  # fmt: skip
    assert len(Expression("details", ("data", "id")).predicates("details")) == 1


@pytest.mark.parametrize(("elements", "text"), [
    (("a", "b"), "{a,b}"), (("a b",), '{"a b"}'), (("",), '{""}'), (("NULL",), '{"NULL"}'), (("nullable",), "{nullable}"), (('"', "\\"), '{"\\"","\\\\"}'),
    (("{", ","), '{"{",","}'),
])  # fmt: skip
def test_an_array_as_postgresql_prints_it(elements, text):
    assert array_text(elements) == text


def test_a_literal_can_not_be_left():
    assert (literal("'; DROP TABLE x; --"), literal("\\'")) == ("'''; DROP TABLE x; --'", "E'\\\\'''")


@pytest.mark.parametrize(("table", "key", "name"), [
    ("audit_log", "event_id", "uq_audit_log_event_id"), ("Audit Log", "a$b", "uq_Audit Log_a_b"), ("ä" * 40, "id", "uq_" + "ä" * 30),
])  # fmt: skip
def test_the_name_of_the_index(table, key, name):
    assert default_index(table, (key,)) == name and len(name.encode()) <= 63
