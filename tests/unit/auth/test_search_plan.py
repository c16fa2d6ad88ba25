# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the database is searched for encrypted values, what is named instead, and which values need an old secret."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt import search as search_module
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.apply import ReencryptResult
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.names import additional_columns, require_known_unused, require_labels
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.plan import PRIVATE_KEYS
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.search import search
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.search_plan import (
    BACKUP_COLUMNS,
    TextColumn,
    needs_old_secret,
    plan_search,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import DatabaseError, Result
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from reencrypt_data import TOKEN, A, B, bare, job


def text_column(name="notes.text", kind="r", readable=True, hides_rows=False, blocks=1, expiry="", textual=True, binary=False):
    table, column = name.split(".")
    return TextColumn(f"oid of {table}", "public", table, kind, column, readable, hides_rows, blocks, expiry, textual, binary)


def plan(*columns, known=(), declared=()):
    tables, unscanned = plan_search(columns, dict(known), frozenset(declared))
    return [(one.label, tuple(each.name for each in one.columns)) for one in tables], [(one.label, one.reason) for one in unscanned]


def test_private_keys_and_declared_columns_are_left_out_and_the_smallest_table_is_first():
    columns = [text_column("big.a", blocks=9), text_column("jwks.privateKey"), text_column("account.accessToken"), text_column("hooks.url")]
    assert plan(*columns, known={("oid of jwks", "privateKey"): PRIVATE_KEYS, ("oid of account", "accessToken"): TOKEN}) == (
        [("public.account", ("accessToken",)), ("public.hooks", ("url",)), ("public.big", ("a",))], []
    )  # fmt: skip
    columns[1] = text_column("account.note")
    assert plan(*columns, declared=["public.account", "public.hooks.url"])[0] == [("public.big", ("a",))]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (text_column(readable=False), "the database's user has no SELECT privilege"),
        (text_column(kind="f"), "it is a foreign table"),
        (text_column(kind="v"), "it is a view that selects from no table"),
        (text_column(hides_rows=True), "row security applies to the database's user, so rows may be hidden from it"),
    ],
)
def test_what_can_not_be_searched_is_named_until_it_is_declared(column, reason):
    tables, unscanned = plan(column)
    assert [one for _label, one in unscanned] == [reason]
    assert bool(tables) is column.hides_rows, "the rows that are visible are searched nevertheless"
    assert plan(column, declared=[column.label]) == ([], [])


def test_a_backup_table_and_one_time_codes_are_recognized():
    backup, _nothing = plan_search([text_column(f"kept.{name}") for name in BACKUP_COLUMNS], {}, frozenset())
    codes, _nothing = plan_search([text_column("verification.value", expiry="expiresAt")], {}, frozenset())
    other, _nothing = plan_search([text_column("coupon.value", expiry="expiresAt")], {}, frozenset())
    assert (backup[0].backup, codes[0].backup) == (True, False)
    assert (codes[0].expiry, other[0].expiry) == ("expiresAt", "")


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (bare(), True), (bare(secret=B), False), (bare(version=1), True), (bare(secret=B, version=2), False),
        (bare(secret="a third secret"), False), ("ab" * 60, False), ("a" * 81, False), ("$ba$1$" + "ab" * 10, False),
        (bare().encode().hex(), True), (f"token: {bare(version=1)}!".encode().hex(), True), (bare(secret=B).encode().hex(), False),
    ],
)  # fmt: skip
def test_which_secret_a_value_needs(text, needed):
    assert needs_old_secret(text, B, (B, A)) is needed


class FakeSearch:
    """A database with text columns, whose pages are the values of a table."""

    where = "The database"

    def __init__(self, *columns, **values):
        self.columns, self.values = columns, values
        self.read = []

    def run(self, statements, write):
        (statement,) = statements
        assert not write
        if "pg_class" in statement.sql:
            return [Result(len(self.columns), [_record(one) for one in self.columns])]
        table = statement.sql.split('FROM ONLY "public"."')[1].split('"')[0]
        self.read.append((table, statement))
        found = self.values[table]
        if isinstance(found, Exception):
            raise found
        return [Result(len(found), [{"number": "0", "found": one} for one in found])]


def _record(one):
    return {
        "oid": one.oid, "schema": one.schema, "table": one.table, "kind": one.kind, "column": one.column, "expiry": one.expiry,
        **{name: str(getattr(one, name)).lower() for name in ("textual", "binary", "readable", "hides_rows")}, "blocks": str(one.blocks),
    }  # fmt: skip


def run_search(database, timeout=300, done=None, known=()):
    return search(database, job(), dict(known), frozenset(), timeout, done or ReencryptResult())


def test_values_are_counted_by_column():
    database = FakeSearch(text_column("hooks.token"), text_column("notes.text"), hooks=[bare(), bare(version=1), bare(secret=B)], notes=["ab" * 50])
    found = run_search(database)
    assert [one.report() for one in found.elsewhere] == [{"table": "public.hooks", "column": "token", "count": 2, "backup": False}]
    assert found.unscanned == []
    _table, statement = database.read[0]
    assert statement.parameters[:2] == ("(0,0)", "(4294967295,0)") and "$ba" in statement.parameters[3] and "$ba" not in statement.sql


def test_of_a_known_column_only_values_with_more_than_an_encrypted_text_are_read():
    columns = [text_column("account.accessToken"), text_column("account.note"), text_column("account.data", textual=False)]
    database = FakeSearch(*columns, account=[bare()])
    found = run_search(database, known={("oid of account", "accessToken"): TOKEN})
    ((_table, statement),) = database.read
    whole = """!~ ('^(' || $4::text || ')$')"""
    assert f"""(0, CASE WHEN t."accessToken"::text {whole} THEN t."accessToken"::text END), (1, t."note"::text), (2, """ in statement.sql
    assert [(one.column, one.reencryptable) for one in found.elsewhere] == [("accessToken", False)]
    assert [one.reencryptable for one in run_search(FakeSearch(columns[1], account=[bare()])).elsewhere] == [True]
    assert [one.reencryptable for one in run_search(FakeSearch(columns[2], account=[bare()])).elsewhere] == [False]


def test_a_long_value_and_an_error_of_a_table_are_named():
    database = FakeSearch(
        text_column("files.content", binary=True), text_column("hooks.token"), text_column("notes.text"), text_column("odd.text"),
        files=[None], hooks=[None], notes=DatabaseError("canceled", "57014"), odd=DatabaseError("The database: not supported. (SQLSTATE 0A000)", "0A000"),
    )  # fmt: skip
    assert [(one.label, one.reason) for one in run_search(database).unscanned] == [
        ("public.files.content", "it has values of more than 25000 bytes"),
        ("public.hooks.token", "it has values of more than 50000 hexadecimal digits"),
        ("public.notes", "a statement took longer than statement_timeout"),
        ("public.odd", "not supported. (SQLSTATE 0A000)"),
    ]


def test_what_the_time_was_not_enough_for_is_named(monkeypatch):
    seconds = iter([0, 1, 299, 301])  # at the beginning, and before each statement
    monkeypatch.setattr(search_module.time, "monotonic", lambda: next(seconds))
    database = FakeSearch(*(text_column(f"{name}.text") for name in "abc"), a=[], b=[], c=[])
    assert [(one.label, one.reason) for one in run_search(database).unscanned] == [("public.c", "the time of scan_timeout was over")]


def test_a_connection_that_breaks_says_what_was_written_before():
    database = FakeSearch(text_column(), notes=DatabaseError("gone away", "57P01"))
    with pytest.raises(RunbookError, match="The search for other encrypted values failed: gone away 3 values were re-encrypted before") as failed:
        run_search(database, done=ReencryptResult(written=3))
    assert failed.value.facts == {"changed": True} and "Nothing was changed" not in str(failed.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: additional_columns(["secrets"]), "additional_columns: must be table.column, got secrets"),
        (lambda: additional_columns(["a$.b"]), "is not a valid name"),
        (lambda: require_known_unused(["two_factor"]), "unused: unknown name two_factor. Valid names: twoFactor, account, twoFactor.id, "),
        (lambda: require_labels(["notes"]), "unscanned: must be schema.table or schema.table.column, got notes"),
    ],
)
def test_invalid_names(call, message):
    with pytest.raises(RunbookError, match=message):
        call()
