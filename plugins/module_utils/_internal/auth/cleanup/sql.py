# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SQL that retires or deletes a key together with its backup. Pure.

Every statement compares the values that were read, and must affect exactly one row: where another client wrote in between, it affects
none, and the transaction is rolled back. A private key is compared by its digest, so that none appears in a database's statement log.
"""

from __future__ import annotations

import hashlib

from ...clients.database.statements import Statement
from ..jwks_table import JwksRow, JwksTable
from .backup import BackupTable
from .options import DELETE, RETIRE

MARGIN = "interval '1 minute'"  # as servers' clocks are never exactly the same


def removal_statements(table: JwksTable, backup: BackupTable, row: JwksRow, action: str, backup_id: str) -> list[Statement]:
    """The statements for one key."""
    return (_retire if action == RETIRE else _delete)(table, backup, row, backup_id)


def _delete(table: JwksTable, backup: BackupTable, row: JwksRow, backup_id: str) -> list[Statement]:
    unchanged, values = _unchanged(table, row, first=3)
    sql = (
        f"WITH gone AS (DELETE FROM {table.names.sql_name} AS k WHERE {unchanged} RETURNING k.*) "
        f"INSERT INTO {backup.sql_name} (backup_id, table_name, action, key_id, was) "
        f"SELECT $1::text, $2::text, '{DELETE}', gone.{table.names.sql('id')}::text, row_to_json(gone) FROM gone"
    )
    return [Statement(sql, (backup_id, backup.table, *values), count=1)]


def _retire(table: JwksTable, backup: BackupTable, row: JwksRow, backup_id: str) -> list[Statement]:
    """Backs up the row and locks it, so that the row that is retired is the one in the backup."""
    names = table.names
    unchanged, values = _unchanged(table, row, first=3)
    back_up = (
        f"INSERT INTO {backup.sql_name} (backup_id, table_name, action, key_id, was) "
        f"SELECT $1::text, $2::text, '{RETIRE}', k.{names.sql('id')}::text, row_to_json(k) "
        f"FROM {names.sql_name} AS k WHERE {unchanged} FOR UPDATE"
    )
    retire = (
        f"WITH changed AS (UPDATE {names.sql_name} AS k SET {names.sql('expiresAt')} = {table.clock.now} - {MARGIN} WHERE k.{names.sql('id')}::text = $2::text "
        f"RETURNING k.*) UPDATE {backup.sql_name} AS b SET became = row_to_json(changed) FROM changed "
        "WHERE b.backup_id = $1::text AND b.key_id = $2::text"
    )
    return [Statement(back_up, (backup_id, backup.table, *values), count=1), Statement(retire, (backup_id, row.id), count=1)]


def _unchanged(table: JwksTable, row: JwksRow, first: int) -> tuple[str, tuple[str | None, ...]]:
    """The condition that a row is unchanged since it was read, over the alias k, and its parameters from number ``first`` on."""
    names = table.names
    digest = hashlib.sha256(row.private_key.encode()).hexdigest()
    conditions: list[tuple[str, str | None]] = [
        (f"k.{names.sql('id')}::text", row.id),
        (f"k.{names.sql('publicKey')}::text", row.public_key),
        (f"encode(sha256(convert_to(coalesce(k.{names.sql('privateKey')}::text, ''), 'UTF8')), 'hex')", digest),
        (f"k.{names.sql('createdAt')}::text", row.created_at),
    ]
    if table.can_retire:
        conditions.append((f"k.{names.sql('expiresAt')}::text", row.expires_at))
    sql = " AND ".join(f"{left} IS NOT DISTINCT FROM ${number}::text" for number, (left, _value) in enumerate(conditions, start=first))
    return sql, tuple(value for _left, value in conditions)
