# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SQL that takes a key out of use, and keeps what it was. Pure.

Every statement compares the values that were read, and has to touch exactly one row: where somebody else wrote meanwhile, it touches
none, and all is rolled back. A private key is compared by its digest, so that none stands in a database's log of statements.
"""

from __future__ import annotations

import hashlib

from ansible_collections.runbook.minikube.plugins.module_utils.auth.backup import Store
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Row, Table
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import DELETE, RETIRE
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Statement

# The application compares with its own clock, which may lag behind the database's a little.
PAST = "now() - interval '1 minute'"


def take_out_of_use(table: Table, store: Store, row: Row, action: str, backup_id: str) -> list[Statement]:
    """The statements for one key."""
    return (_retire if action == RETIRE else _delete)(table, store, row, backup_id)


def _delete(table: Table, store: Store, row: Row, backup_id: str) -> list[Statement]:
    same, values = _same(table, row, first=3)
    sql = (
        f"WITH gone AS (DELETE FROM {table.names.relation} AS k WHERE {same} RETURNING k.*) "
        f"INSERT INTO {store.relation} (backup_id, table_name, action, key_id, was) "
        f"SELECT $1::text, $2::text, '{DELETE}', gone.{table.names.sql('id')}::text, row_to_json(gone) FROM gone"
    )
    return [Statement(sql, (backup_id, store.table, *values), count=1)]


def _retire(table: Table, store: Store, row: Row, backup_id: str) -> list[Statement]:
    """Keeps the row and locks it, so that what is retired then is what was kept."""
    names = table.names
    same, values = _same(table, row, first=3)
    keep = (
        f"INSERT INTO {store.relation} (backup_id, table_name, action, key_id, was) "
        f"SELECT $1::text, $2::text, '{RETIRE}', k.{names.sql('id')}::text, row_to_json(k) FROM {names.relation} AS k WHERE {same} FOR UPDATE"
    )
    retire = (
        f"WITH changed AS (UPDATE {names.relation} AS k SET {names.sql('expiresAt')} = {PAST} WHERE k.{names.sql('id')}::text = $2::text "
        f"RETURNING k.*) UPDATE {store.relation} AS b SET became = row_to_json(changed) FROM changed "
        "WHERE b.backup_id = $1::text AND b.key_id = $2::text"
    )
    return [Statement(keep, (backup_id, store.table, *values), count=1), Statement(retire, (backup_id, row.id), count=1)]


def _same(table: Table, row: Row, first: int) -> tuple[str, tuple[str | None, ...]]:
    """That a row is still as it was read, as SQL over the alias k and its parameters from number ``first`` on."""
    names = table.names
    digest = hashlib.sha256(row.private_key.encode()).hexdigest()
    conditions = [
        (f"k.{names.sql('id')}::text", row.id),
        (f"k.{names.sql('publicKey')}::text", row.public_key),
        (f"encode(sha256(convert_to(coalesce(k.{names.sql('privateKey')}::text, ''), 'UTF8')), 'hex')", digest),
        (f"k.{names.sql('createdAt')}::text", row.created_at),
    ]
    if table.can_retire:
        conditions.append((f"k.{names.sql('expiresAt')}::text", row.expires_at))
    sql = " AND ".join(f"{left} IS NOT DISTINCT FROM ${number}::text" for number, (left, _value) in enumerate(conditions, start=first))
    return sql, tuple(value for _left, value in conditions)
