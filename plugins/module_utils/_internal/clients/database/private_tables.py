# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps a table that holds copies of an application's data to its owner. Pure."""

from __future__ import annotations

from .statements import Statement


def make_private(sql_name: str) -> list[Statement]:
    """The statements that take a new table away from everybody but its owner, for the transaction that creates it.

    Default privileges may grant a new table to others, such as the roles of a web API. Row security hides its rows from those who are granted it later.
    """
    literal = "'" + sql_name.replace("'", "''") + "'"
    revoke = (
        "DO $do$ DECLARE grantee text; BEGIN FOR grantee IN "
        "SELECT DISTINCT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END FROM pg_class c, aclexplode(c.relacl) a "
        f"WHERE c.oid = {literal}::regclass AND a.grantee <> c.relowner LOOP "
        f"EXECUTE 'REVOKE ALL ON TABLE ' || {literal}::regclass::text || ' FROM ' || grantee || ' CASCADE'; END LOOP; END $do$"
    )
    return [Statement(revoke), Statement(f"ALTER TABLE {sql_name} ENABLE ROW LEVEL SECURITY")]
