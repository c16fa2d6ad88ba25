# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The backup table of a table of keys: where it is, and how it is created and pruned.

Each row holds a key's complete row before the cleanup, with all columns that the application has, and the row as the cleanup left it. The
type is json, which preserves text; restoring through the table's own row type yields the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...clients.database.private_tables import make_private
from ...clients.database.statements import Database, Statement, quoted, rows
from ...errors import NOTHING_CHANGED, RunbookError
from ..jwks_table import TableNames

BACKUP_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")
COLUMNS = ("backup_id", "taken_at", "table_name", "action", "key_id", "was", "became")


@dataclass(frozen=True)
class BackupTable:
    """The backup table of a table of keys, in the same schema, and the privileges of the database's user.

    ``privileges``: such as "DELETE on public.jwks".
    """

    schema: str
    table: str
    backup: str
    exists: bool
    user: str
    privileges: frozenset[str] = frozenset()

    @property
    def keys_table(self) -> str:
        """The table of keys, for messages."""
        return f"{self.schema}.{self.table}"

    @property
    def name(self) -> str:
        """The backup table, for messages."""
        return f"{self.schema}.{self.backup}"

    @property
    def sql_name(self) -> str:
        """The backup table as SQL takes it."""
        return f"{quoted(self.schema)}.{quoted(self.backup)}"

    def require(self, *required: str) -> None:
        """Raises RunbookError naming the required privileges that are missing."""
        missing = [privilege for privilege in required if privilege not in self.privileges]
        if missing:
            raise RunbookError(
                f"The database user {self.user} lacks privileges: {', '.join(missing)}. {NOTHING_CHANGED} Grant them (GRANT), "
                "or set the option database to the URL of a user who has them.",
                missing_permissions=missing,
            )

    def privileges_to_write(self) -> list[str]:
        """The privileges needed to write a backup."""
        return [f"{word} on {self.name}" for word in BACKUP_PRIVILEGES] if self.exists else [f"CREATE on schema {self.schema}"]


def find_backup_table(database: Database, names: TableNames, backup_table: str) -> BackupTable:
    """The backup table, existing or not. Raises RunbookError where a table of that name is something else."""
    record = rows(database, _query(), names.sql_name, quoted(backup_table), names.column("expiresAt"))[0]
    backup = BackupTable(
        record["schema"], record["table"], backup_table, record["columns"] is not None, record["user"], _privileges(record, backup_table)
    )
    if backup.exists and set(COLUMNS) - set(record["columns"].split(",")):
        raise RunbookError(f"The table {backup.name} is not a backup table of this module. Set another name in the option backup_table.")
    if backup.exists and record["hides_rows"] == "true":
        raise RunbookError(
            f"Row security hides the rows of the backup table {backup.name} from the database user {backup.user}. {NOTHING_CHANGED} "
            "Use the URL of the table's owner, or set another name in the option backup_table."
        )
    return backup


def lock(backup: BackupTable) -> Statement:
    """Allows one cleanup of a table at a time; released with the transaction."""
    return Statement("SELECT pg_advisory_xact_lock(hashtext('runbook.minikube'), hashtext($1::text))::text AS locked", (backup.keys_table,))


def create(backup: BackupTable) -> list[Statement]:
    """Creates the backup table where it does not exist, for its owner alone."""
    if backup.exists:
        return []
    sql = (
        f"CREATE TABLE IF NOT EXISTS {backup.sql_name} (backup_id text NOT NULL, taken_at timestamptz NOT NULL DEFAULT clock_timestamp(), "
        "table_name text NOT NULL, action text NOT NULL, key_id text NOT NULL, was json NOT NULL, became json, "
        "PRIMARY KEY (backup_id, key_id))"
    )
    return [Statement(sql), *make_private(backup.sql_name)]


def prune(backup: BackupTable, keep: int) -> Statement:
    """Deletes all backups of the table of keys but the newest ones."""
    sql = (
        f"DELETE FROM {backup.sql_name} WHERE table_name = $1::text AND backup_id NOT IN (SELECT backup_id FROM {backup.sql_name} "
        "WHERE table_name = $1::text GROUP BY backup_id ORDER BY max(taken_at) DESC LIMIT $2::text::int)"
    )
    return Statement(sql, (backup.table, str(keep)))


def _query() -> str:
    backup_privileges = ", ".join(f"has_table_privilege(b.oid, '{word}')::text AS \"backup {word}\"" for word in BACKUP_PRIVILEGES)
    return (
        "SELECT n.nspname::text AS schema, k.relname::text AS table, current_user::text AS user, (SELECT string_agg(a.attname::text, ',') "
        "FROM pg_attribute a WHERE a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns, "
        "coalesce(row_security_active(b.oid), false)::text AS hides_rows, "
        "has_schema_privilege(n.oid, 'CREATE')::text AS \"CREATE\", has_table_privilege(k.oid, 'DELETE')::text AS \"DELETE\", "
        "has_table_privilege(k.oid, 'INSERT')::text AS \"INSERT\", "
        "(SELECT has_column_privilege(k.oid, a.attnum, 'UPDATE') FROM pg_attribute a "
        f"WHERE a.attrelid = k.oid AND a.attname = $3::text AND NOT a.attisdropped)::text AS \"UPDATE\", {backup_privileges} "
        "FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace "
        "LEFT JOIN pg_class b ON b.oid = to_regclass(quote_ident(n.nspname) || '.' || $2::text) WHERE k.oid = to_regclass($1::text)"
    )


def _privileges(record: dict, backup_table: str) -> frozenset[str]:
    schema = record["schema"]
    granted = {
        f"CREATE on schema {schema}": record["CREATE"],
        **{f"{word} on {schema}.{record['table']}": record[word] for word in ("UPDATE", "DELETE", "INSERT")},
        **{f"{word} on {schema}.{backup_table}": record[f"backup {word}"] for word in BACKUP_PRIVILEGES},
    }
    return frozenset(privilege for privilege, has in granted.items() if has == "true")
