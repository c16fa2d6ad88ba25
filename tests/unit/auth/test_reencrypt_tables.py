# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which tables there are, what the user may do there, and the SQL."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt import planned
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_tables import Table, names_of_others, read_page, replacing
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Result
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from reencrypt_data import CODES, TOTP, bare, database, found_tables, work


def test_no_value_is_put_together_with_sql():
    table = Table("twoFactor", Names("two_factor", "auth", {"secret": "the secret", "id": "key"}), "uuid", (TOTP, CODES), True)
    (found,) = planned(TOTP, [("it's", bare())], work(), True)
    replace, see = replacing(table, TOTP, [found])
    assert replace.sql == (
        'UPDATE "auth"."two_factor" AS t SET "the secret" = n.new '
        "FROM jsonb_to_recordset($1::text::jsonb) AS n(id uuid, old text, new text) "
        'WHERE t."key" = n.id AND t."the secret"::text = n.old'
    )
    assert (replace.count, see.count, replace.parameters) == (1, 1, see.parameters)
    assert json.loads(replace.parameters[0]) == [{"id": "it's", "old": found.old, "new": found.new}]

    class Asked:
        def run(self, statements, write):
            assert not write
            self.statement = statements[0]
            return [Result(0)]

    asked = Asked()
    read_page(asked, table, "it's", 5)
    assert asked.statement.parameters == ("it's",)
    assert 't."key" > $1::text::uuid AND coalesce(t."the secret"::text, t."backupCodes"::text) IS NOT NULL' in asked.statement.sql


def test_tables_that_are_not_there():
    played = database()
    del played.tables["account"]
    for row in played.tables["twoFactor"]:
        del row["backupCodes"]
    tables, missing = found_tables(played)
    assert ([table.name for table in tables], missing) == (["jwks", "twoFactor"], ["twoFactor.backupCodes", "account"])
    tables, missing = found_tables(played, keys=None)
    assert [table.name for table in tables] == ["twoFactor"]
    del played.tables["jwks"]
    with pytest.raises(RunbookError, match='has no table "jwks" with a column "privateKey"'):
        found_tables(played)


def test_other_names():
    played = database()
    rows = played.tables.pop("twoFactor")
    played.tables["two_factor"] = [{"id": row["id"], "secret": row["secret"], "codes": row["backupCodes"]} for row in rows]
    called = {"twoFactor": "two_factor", "twoFactor.backupCodes": "codes"}
    tables, missing = found_tables(played, called)
    assert missing == []
    assert tables[1].names == Names("two_factor", None, {"backupCodes": "codes"}) and tables[1].places == (TOTP, CODES)
    with pytest.raises(RunbookError, match=r"has no twofactor; it takes twoFactor, account, twoFactor.id, twoFactor.secret"):
        names_of_others(None, {"twofactor": "x"})
    with pytest.raises(RunbookError, match="is no name"):
        names_of_others(None, {"account": "a$1"})


def test_rights_are_looked_at_before_anything_is_written():
    played = database()
    played.rights = {"twoFactor.secret": {"writable": "false"}, "account.idToken": {"readable": "false"}, "jwks.id": {"writable": "false"}}
    with pytest.raises(RunbookError, match="lacks rights: .* Nothing was changed") as refused:
        found_tables(played)
    assert refused.value.facts == {"missing_permissions": ['UPDATE on "twoFactor" ("secret")', 'SELECT on "account" ("idToken")']}
    played.rights = {"twoFactor.secret": {"writable": "false"}}
    assert found_tables(played, writes_others=False)[1] == []


@pytest.mark.parametrize(("kind", "cast"), [("character varying", "text"), ("uuid", "uuid"), ("bigint", "bigint"), ("integer", "integer")])
def test_kinds_of_primary_keys(kind, cast):
    played = database()
    played.types = {"id": {"type": kind}}
    assert {table.id_type for table in found_tables(played)[0]} == {cast}


def test_a_primary_key_of_another_kind_is_refused():
    played = database()
    played.types = {"id": {"type": "point"}}
    with pytest.raises(RunbookError, match="of type point, and has to be one of text, "):
        found_tables(played)
