# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table in which every key is kept that a cleanup takes out of use: where it stands, and how it is made and pruned.

Each row holds a key's complete row as it was, whatever columns the application gave it, and what the cleanup left of it. It is JSON of
the type json, which keeps text as it is; going back through the table's own row type makes of it the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database, Statement, quoted, rows
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

BACKUP_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
COLUMNS = ("backup_id", "taken_at", "table_name", "action", "key_id", "was", "became")


@dataclass(frozen=True)
class Store:
    """The backup table of a table of keys, in the same schema, and what the database's user may do there.

    ``rights``: such as "DELETE on public.jwks".
    """

    schema: str
    table: str
    backup: str
    there: bool
    user: str
    rights: frozenset[str] = frozenset()

    @property
    def keys(self) -> str:
        """The table of keys for a person."""
        return f"{self.schema}.{self.table}"

    @property
    def name(self) -> str:
        """The backup table for a person."""
        return f"{self.schema}.{self.backup}"

    @property
    def relation(self) -> str:
        """The backup table as SQL takes it."""
        return f"{quoted(self.schema)}.{quoted(self.backup)}"

    def require(self, *wanted: str) -> None:
        """Raises RunbookError naming the rights that are wanted and missing."""
        missing = [right for right in wanted if right not in self.rights]
        if missing:
            raise RunbookError(
                f"The database's user {self.user} has no right to {', '.join(missing)}. Nothing was changed. Give it that (GRANT), "
                "or use the URL of one who has it in the option database.",
                missing_permissions=missing,
            )

    def rights_to_keep(self) -> list[str]:
        """What is needed to write a backup."""
        return [f"{word} on {self.name}" for word in BACKUP_RIGHTS] if self.there else [f"CREATE on schema {self.schema}"]


def store_of(database: Database, names: Names, backup_table: str) -> Store:
    """Looks where the backup table is or would be. Raises RunbookError where a table of that name is something else."""
    found = rows(database, _query(), names.relation, quoted(backup_table), names.column("expiresAt"))[0]
    store = Store(found["schema"], found["table"], backup_table, found["columns"] is not None, found["user"], _rights(found, backup_table))
    if store.there and set(COLUMNS) - set(found["columns"].split(",")):
        raise RunbookError(f"The table {store.name} is no backup table of this module. Name another one in the option backup_table.")
    return store


def lock(store: Store) -> Statement:
    """Lets one cleanup of a table at a time in; it ends with the transaction."""
    return Statement("SELECT pg_advisory_xact_lock(hashtext('runbook.minikube'), hashtext($1::text))::text AS locked", (store.keys,))


def make(store: Store) -> list[Statement]:
    """Makes the backup table where it is not there yet."""
    if store.there:
        return []
    sql = (
        f"CREATE TABLE IF NOT EXISTS {store.relation} (backup_id text NOT NULL, taken_at timestamptz NOT NULL DEFAULT clock_timestamp(), "
        "table_name text NOT NULL, action text NOT NULL, key_id text NOT NULL, was json NOT NULL, became json, PRIMARY KEY (backup_id, key_id))"
    )
    return [Statement(sql)]


def prune(store: Store, keep: int) -> Statement:
    """Removes all backups of the table of keys but the newest ones."""
    sql = (
        f"DELETE FROM {store.relation} WHERE table_name = $1::text AND backup_id NOT IN (SELECT backup_id FROM {store.relation} "
        "WHERE table_name = $1::text GROUP BY backup_id ORDER BY max(taken_at) DESC LIMIT $2::text::int)"
    )
    return Statement(sql, (store.table, str(keep)))


def _query() -> str:
    of_backup = ", ".join(f"has_table_privilege(b.oid, '{word}')::text AS \"backup {word}\"" for word in BACKUP_RIGHTS)
    return (
        "SELECT n.nspname::text AS schema, k.relname::text AS table, current_user::text AS user, (SELECT string_agg(a.attname::text, ',') "
        "FROM pg_attribute a WHERE a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns, "
        "has_schema_privilege(n.oid, 'CREATE')::text AS \"CREATE\", has_table_privilege(k.oid, 'DELETE')::text AS \"DELETE\", "
        "has_table_privilege(k.oid, 'INSERT')::text AS \"INSERT\", (SELECT has_column_privilege(k.oid, a.attnum, 'UPDATE') FROM pg_attribute a "
        f"WHERE a.attrelid = k.oid AND a.attname = $3::text AND NOT a.attisdropped)::text AS \"UPDATE\", {of_backup} "
        "FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace "
        "LEFT JOIN pg_class b ON b.oid = to_regclass(quote_ident(n.nspname) || '.' || $2::text) WHERE k.oid = to_regclass($1::text)"
    )


def _rights(found: dict, backup_table: str) -> frozenset[str]:
    schema = found["schema"]
    asked = {
        f"CREATE on schema {schema}": found["CREATE"],
        **{f"{word} on {schema}.{found['table']}": found[word] for word in ("UPDATE", "DELETE", "INSERT")},
        **{f"{word} on {schema}.{backup_table}": found[f"backup {word}"] for word in BACKUP_RIGHTS},
    }
    return frozenset(right for right, has in asked.items() if has == "true")
