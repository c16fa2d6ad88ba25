# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which tables exist, the user's privileges, and the SQL."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.encrypted_columns import EncryptedColumn
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import TableNames
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.names import other_table_names
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.plan import plan_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.tables import (
    EncryptedTable,
    find_tables,
    read_page,
    replace_statements,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import Result
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from reencrypt_data import CODES, TOTP, bare, found_tables, job, sample_tables


def test_no_value_is_put_together_with_sql():
    table = EncryptedTable("twoFactor", TableNames("two_factor", "auth", {"secret": "the secret", "id": "key"}), "uuid", (TOTP, CODES), True)
    (found,) = plan_values(TOTP, [("it's", bare())], job(), True)
    replace, read_back = replace_statements(table, TOTP, [found])
    assert replace.sql == (
        'UPDATE "auth"."two_factor" AS t SET "the secret" = n.new '
        "FROM jsonb_to_recordset($1::text::jsonb) AS n(id uuid, old text, new text) "
        'WHERE t."key" = n.id AND t."the secret"::text = n.old'
    )
    assert (replace.count, read_back.count, replace.parameters) == (1, 1, read_back.parameters)
    assert json.loads(replace.parameters[0]) == [{"id": "it's", "old": found.old, "new": found.new}]

    class Recorder:
        def run(self, statements, write):
            assert not write
            self.statement = statements[0]
            return [Result(0)]

    recorder = Recorder()
    read_page(recorder, table, "it's", 5)
    assert recorder.statement.parameters == ("it's",)
    assert 't."key" > $1::text::uuid AND coalesce(t."the secret"::text, t."backupCodes"::text) IS NOT NULL' in recorder.statement.sql


def test_missing_tables():
    database = sample_tables()
    del database.tables["account"]
    for row in database.tables["twoFactor"]:
        del row["backupCodes"]
    found = found_tables(database)
    assert ([table.name for table in found.tables], found.missing) == (["jwks", "twoFactor"], ["twoFactor.backupCodes", "account"])
    assert list(found.known) == [("oid of jwks", "privateKey"), ("oid of twoFactor", "secret")]
    assert [table.name for table in found_tables(database, keys=None).tables] == ["twoFactor"]
    del database.tables["jwks"]
    with pytest.raises(RunbookError, match='has no table "jwks" with a column "privateKey"'):
        found_tables(database)


def test_an_additional_column_has_to_be_of_texts():
    """Values of other types are no encrypted texts, so the column would count as done."""
    database = sample_tables()
    database.tables["account"][0]["note"] = "x"
    database.types["note"] = {"type": "jsonb", "textual": "false"}
    with pytest.raises(RunbookError, match="additional_columns: account.note is of the type jsonb; only columns of texts can be re-encrypted. Nothing was"):
        find_tables(database, None, {"account": TableNames("account")}, True, [EncryptedColumn("account", "note", always=False)])
    database.types["accessToken"] = database.types.pop("note")
    assert found_tables(database).known, "a column of Better Auth's own may be stored otherwise"


def test_renamed_tables_and_columns():
    database = sample_tables()
    rows = database.tables.pop("twoFactor")
    database.tables["two_factor"] = [{"id": row["id"], "secret": row["secret"], "codes": row["backupCodes"]} for row in rows]
    found = found_tables(database, {"twoFactor": "two_factor"}, {"twoFactor.backupCodes": "codes"})
    assert found.missing == []
    assert found.tables[1].names == TableNames("two_factor", None, {"backupCodes": "codes"}) and found.tables[1].columns == (TOTP, CODES)
    with pytest.raises(RunbookError, match=r"table_names: unknown name twofactor. Valid names: twoFactor, account\."):
        other_table_names(None, {"twofactor": "x"}, {})
    with pytest.raises(RunbookError, match=r"column_names: unknown name secret. Valid names: twoFactor.id, twoFactor.secret, "):
        other_table_names(None, {}, {"secret": "x"})
    with pytest.raises(RunbookError, match="is not a valid name"):
        other_table_names(None, {"account": "a$1"}, {})


def test_privileges_are_checked_before_anything_is_written():
    database = sample_tables()
    database.rights = {"twoFactor.secret": {"writable": "false"}, "account.idToken": {"readable": "false"}, "jwks.id": {"writable": "false"}}
    with pytest.raises(RunbookError, match="lacks privileges: .* Nothing was changed") as refused:
        found_tables(database)
    assert refused.value.facts == {"missing_permissions": ['UPDATE on "twoFactor" ("secret")', 'SELECT on "account" ("idToken")']}
    database.rights = {"twoFactor.secret": {"writable": "false"}}
    assert found_tables(database, writes_others=False).missing == []


@pytest.mark.parametrize(("kind", "cast"), [("character varying", "text"), ("uuid", "uuid"), ("bigint", "bigint"), ("integer", "integer")])
def test_types_of_primary_keys(kind, cast):
    database = sample_tables()
    database.types = {"id": {"type": kind}}
    assert {table.id_type for table in found_tables(database).tables} == {cast}


def test_a_primary_key_of_another_type_is_refused():
    database = sample_tables()
    database.types = {"id": {"type": "point"}}
    with pytest.raises(RunbookError, match="of type point; supported are text, "):
        found_tables(database)


def test_tables_and_columns_in_snake_case_are_found():
    database = sample_tables()
    rows = database.tables.pop("twoFactor")
    database.tables["two_factor"] = [{"id": row["id"], "secret": row["secret"], "backup_codes": row["backupCodes"]} for row in rows]
    found = found_tables(database)
    assert (found.missing, found.tables[1].names) == ([], TableNames("two_factor", None, {"backupCodes": "backup_codes"}))


def test_a_view_is_named_instead_of_written():
    database = sample_tables()
    database.catalog = {"account": {"kind": "v", "beneath": "accounts_v2"}}
    found = found_tables(database)
    assert [table.name for table in found.tables] == ["jwks", "twoFactor"]
    assert [(one.label, one.reason) for one in found.unscanned] == [
        ("public.account", '"account" is a view of accounts_v2; name the table itself')
    ]
    database.catalog = {"jwks": {"kind": "v", "beneath": "keys"}}
    with pytest.raises(RunbookError, match='"jwks" is a view of keys; name the table itself in the options table and schema. Nothing was changed'):
        found_tables(database)


def test_row_security_of_a_table_is_named():
    database = sample_tables()
    database.catalog = {"twoFactor": {"hides_rows": "true"}}
    (hidden,) = found_tables(database).unscanned
    assert hidden.label == "public.twoFactor" and "applies to the database user todo" in hidden.reason and "BYPASSRLS" in hidden.reason
