# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restores the keys of a backup, byte for byte: observe, plan, apply, verify."""

from __future__ import annotations

from dataclasses import replace

from ...clients.database.statements import Database, Statement, require_writable, rows
from ...errors import RunbookError
from ..clock import read_clock
from ..jwks_table import JwksRow, JwksTable, TableNames, read_jwks_table, row_from, select_list
from ..keys import evaluate_keys, rule_of
from ..options import ResolvedSecrets
from ..retry import reread_after_write, retry_on_conflict, write
from .backup import BackupTable, find_backup_table, lock
from .observe import require_visible_rows
from .options import CleanupOptions
from .report import CleanupResult
from .restore_plan import MISSING, MODIFIED, RETIRED, UNCHANGED, BackupRow, merge_rows, require_sign_in, rows_to_restore

PRIVILEGES = {MISSING: "INSERT", RETIRED: "UPDATE"}
OF_BACKUP = ("state", "newer")  # what a record holds beside the row


def restore(database: Database, options: CleanupOptions, resolved: ResolvedSecrets, check: bool) -> CleanupResult:
    """Raises RunbookError. With ``check`` nothing is changed."""
    return retry_on_conflict(lambda: _attempt(database, options, resolved, check), options.names.sql_name)


def _attempt(database: Database, options: CleanupOptions, resolved: ResolvedSecrets, check: bool) -> CleanupResult:
    table = read_jwks_table(database, options.names, read_clock(database, resolved.clock_offset))
    require_visible_rows(table, options.force)
    backup = find_backup_table(database, table.names, options.backup_table)
    backup_id = _find_backup_id(database, backup, options.backup_id)
    to_restore = rows_to_restore(_read_backup(database, table, backup, backup_id))
    rule = rule_of(table, options.algorithm)
    before, after = (
        evaluate_keys(rows, resolved.secrets, options.private_key_storage, rule) for rows in (table.rows, merge_rows(table.rows, to_restore))
    )
    ids = {one.row.id for one in to_restore}
    restored = tuple(key.row.id for key in after if key.row.id in ids)
    result = CleanupResult(before, after, resolved, backup.name, table, options.algorithm, backup_id, restored=restored)
    if to_restore:
        require_sign_in(before, after, options.force)
        backup.require(*sorted({f"{PRIVILEGES[one.state]} on {backup.keys_table}" for one in to_restore}))
        require_writable(database)
    if not to_restore or check:
        return result
    label = f"backup {backup_id} in {backup.name}"
    write(database, _statements(table.names, backup, backup_id, to_restore), label)
    now = _verify(database, table, backup, backup_id, label)
    return replace(result, after=evaluate_keys(now, resolved.secrets, options.private_key_storage, rule))


def _find_backup_id(database: Database, backup: BackupTable, requested: str | None) -> str:
    """The requested backup, else the latest. Raises RunbookError where it does not exist."""
    if not backup.exists:
        raise RunbookError(f"There is no backup, as the table {backup.name} does not exist. Correct the options backup_table and schema.")
    backup.require(f"SELECT on {backup.name}")
    sql = f"SELECT backup_id::text FROM {backup.sql_name} WHERE table_name = $1::text GROUP BY backup_id ORDER BY max(taken_at) DESC"
    existing = [row["backup_id"] for row in rows(database, sql, backup.table)]
    if not existing:
        raise RunbookError(f"The table {backup.name} contains no backup of {backup.keys_table}, so there is nothing to restore.")
    if requested not in (None, *existing):
        raise RunbookError(
            f"backup_id: {backup.name} contains no backup {requested} of {backup.keys_table}. Available, latest first: {', '.join(existing)}."
        )
    return requested or existing[0]


def _read_backup(database: Database, table: JwksTable, backup: BackupTable, backup_id: str) -> list[BackupRow]:
    """The rows of the backup, and the state of each in the table."""
    names = table.names
    keys_table = names.sql_name
    sql = (
        f"SELECT {select_list(names, table.columns, 'was', table.clock)}, CASE WHEN k.{names.sql('id')} IS NULL THEN '{MISSING}' "
        f"WHEN {_equal(keys_table, 'was')} THEN '{UNCHANGED}' WHEN {_equal(keys_table, 'became')} THEN '{RETIRED}' ELSE '{MODIFIED}' "
        "END::text AS state, "
        f"coalesce((SELECT n.backup_id::text FROM {backup.sql_name} AS n WHERE n.table_name = b.table_name AND n.key_id = b.key_id "
        "AND n.taken_at > b.taken_at ORDER BY n.taken_at DESC LIMIT 1), '') AS newer "
        f"FROM {backup.sql_name} AS b CROSS JOIN LATERAL json_populate_record(NULL::{keys_table}, b.was) AS was "
        f"LEFT JOIN {keys_table} AS k ON k.{names.sql('id')}::text = b.key_id WHERE b.backup_id = $1::text AND b.table_name = $2::text "
        "ORDER BY b.key_id"
    )
    records = rows(database, sql, backup_id, backup.table)
    return [
        BackupRow(row_from({name: text for name, text in record.items() if name not in OF_BACKUP}), record["state"], record["newer"])
        for record in records
    ]


def _equal(keys_table: str, column: str) -> str:
    """That the row k equals a column of the backup b. Both are read by the table's present row type, which may have more columns now."""
    return f"row_to_json(k)::text = row_to_json(json_populate_record(NULL::{keys_table}, b.{column}))::text"


def _statements(names: TableNames, backup: BackupTable, backup_id: str, to_restore: list[BackupRow]) -> list[Statement]:
    """One transaction that ends with a check of every key, which fails where a trigger has changed a restored row."""
    writes = [_write_row(names, backup, backup_id, one) for one in to_restore]
    check = (
        f"SELECT b.key_id::text AS id FROM {backup.sql_name} AS b JOIN {names.sql_name} AS k ON k.{names.sql('id')}::text = b.key_id "
        f"WHERE b.backup_id = $1::text AND b.key_id = ANY (string_to_array($2::text, chr(10))) AND {_equal(names.sql_name, 'was')}"
    )
    return [lock(backup), *writes, Statement(check, (backup_id, "\n".join(one.row.id for one in to_restore)), count=len(to_restore))]


def _write_row(names: TableNames, backup: BackupTable, backup_id: str, one: BackupRow) -> Statement:
    keys_table, key = names.sql_name, names.sql("id")
    source = f"{backup.sql_name} AS b CROSS JOIN LATERAL json_populate_record(NULL::{keys_table}, b.was) AS was"
    selected = "b.backup_id = $1::text AND b.key_id = $2::text"
    if one.state == MISSING:
        sql = (
            f"INSERT INTO {keys_table} SELECT was.* FROM {source} WHERE {selected} "
            f"AND NOT EXISTS (SELECT 1 FROM {keys_table} AS k WHERE k.{key}::text = b.key_id)"
        )
    else:
        expires = names.sql("expiresAt")
        sql = (
            f"UPDATE {keys_table} AS k SET {expires} = was.{expires} FROM {source} WHERE {selected} AND k.{key}::text = b.key_id "
            f"AND {_equal(keys_table, 'became')}"
        )
    return Statement(sql, (backup_id, one.row.id), count=1)


def _verify(database: Database, table: JwksTable, backup: BackupTable, backup_id: str, label: str) -> tuple[JwksRow, ...]:
    """The rows after the restore. Raises RunbookError where the table differs from the backup."""
    backup_rows, now = reread_after_write(
        lambda: (_read_backup(database, table, backup, backup_id), read_jwks_table(database, table.names, table.clock).rows), label
    )
    different = [one.row.id for one in backup_rows if one.state != UNCHANGED]
    if different:
        raise RunbookError(
            f"The keys {', '.join(different)} ({label}) were restored, but another client has changed them since. Find out who writes the table."
        )
    return now
