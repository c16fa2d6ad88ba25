# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Puts the keys of a backup back, byte for byte: observe, plan, apply, verify."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.runbook.minikube.plugins.module_utils.auth.attempts import attempted, read_again, write
from ansible_collections.runbook.minikube.plugins.module_utils.auth.backup import Store, lock, store_of
from ansible_collections.runbook.minikube.plugins.module_utils.auth.keys import keys_of
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import Given
from ansible_collections.runbook.minikube.plugins.module_utils.auth.outcome import Outcome
from ansible_collections.runbook.minikube.plugins.module_utils.auth.restore_plan import (
    AS_IT_WAS,
    AS_IT_WAS_LEFT,
    MISSING,
    OTHER,
    Kept,
    going_back,
    require_sign_in,
    with_them,
)
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names, Row, Table, read_table, row_of, selected
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import Wish
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database, Statement, require_writable, rows
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError


def restore(database: Database, names: Names, given: Given, stores: str, wish: Wish, check: bool) -> Outcome:
    """Raises RunbookError. ``stores``: how the application stores private keys. With ``check`` nothing is changed."""
    return attempted(lambda: _once(database, names, given, stores, wish, check), names.relation)


def _once(database: Database, names: Names, given: Given, stores: str, wish: Wish, check: bool) -> Outcome:
    table = read_table(database, names)
    store = store_of(database, names, wish.backup_table)
    backup_id = _backup(database, store, wish.backup_id)
    back = going_back(_kept(database, table, store, backup_id))
    before = keys_of(table.rows, given.secrets, stores)
    after = keys_of(with_them(table.rows, back), given.secrets, stores)
    ids = {one.row.id for one in back}
    outcome = Outcome(before, after, given, store.name, backup_id, restored=tuple(key.row.id for key in after if key.row.id in ids))
    if back:
        require_sign_in(before, after, wish.force)
        store.require(*sorted({f"{RIGHTS[one.present]} on {store.keys}" for one in back}))
        require_writable(database)
    if not back or check:
        return outcome
    kept = f"backup {backup_id} in {store.name}"
    write(database, _statements(names, store, backup_id, back), kept)
    return replace(outcome, after=keys_of(_verified(database, table, store, backup_id, kept), given.secrets, stores))


RIGHTS = {MISSING: "INSERT", AS_IT_WAS_LEFT: "UPDATE"}


def _backup(database: Database, store: Store, wanted: str | None) -> str:
    """The id of the backup: the one that is wanted, else the latest. Raises RunbookError where there is none."""
    if not store.there:
        raise RunbookError(f"There is no backup, as there is no table {store.name}. Correct the options backup_table and schema.")
    store.require(f"SELECT on {store.name}")
    sql = f"SELECT backup_id::text FROM {store.relation} WHERE table_name = $1::text GROUP BY backup_id ORDER BY max(taken_at) DESC"
    there = [row["backup_id"] for row in rows(database, sql, store.table)]
    if not there:
        raise RunbookError(f"The table {store.name} holds no backup of {store.keys}, so there is nothing to restore.")
    if wanted not in (None, *there):
        raise RunbookError(f"backup_id: {store.name} holds no backup {wanted} of {store.keys}. It has, latest first: {', '.join(there)}.")
    return wanted or there[0]


def _kept(database: Database, table: Table, store: Store, backup_id: str) -> list[Kept]:
    """The rows of the backup, and how the table stands to each."""
    names = table.names
    relation = names.relation
    sql = (
        f"SELECT {selected(names, table.columns, 'was')}, CASE WHEN k.{names.sql('id')} IS NULL THEN '{MISSING}' "
        f"WHEN {_equal(relation, 'was')} THEN '{AS_IT_WAS}' WHEN {_equal(relation, 'became')} THEN '{AS_IT_WAS_LEFT}' ELSE '{OTHER}' "
        "END::text AS present, "
        f"coalesce((SELECT n.backup_id::text FROM {store.relation} AS n WHERE n.table_name = b.table_name AND n.key_id = b.key_id "
        "AND n.taken_at > b.taken_at ORDER BY n.taken_at DESC LIMIT 1), '') AS newer "
        f"FROM {store.relation} AS b CROSS JOIN LATERAL json_populate_record(NULL::{relation}, b.was) AS was "
        f"LEFT JOIN {relation} AS k ON k.{names.sql('id')}::text = b.key_id WHERE b.backup_id = $1::text AND b.table_name = $2::text "
        "ORDER BY b.key_id"
    )
    found = rows(database, sql, backup_id, store.table)
    return [Kept(row_of({name: text for name, text in one.items() if name not in OF_KEPT}), one["present"], one["newer"]) for one in found]


OF_KEPT = ("present", "newer")


def _equal(relation: str, column: str) -> str:
    """That the row k is what a column of the backup b holds. Both are read by the table's present row type, which may have grown."""
    return f"row_to_json(k)::text = row_to_json(json_populate_record(NULL::{relation}, b.{column}))::text"


def _statements(names: Names, store: Store, backup_id: str, back: list[Kept]) -> list[Statement]:
    """One transaction, at whose end every key is looked at: what a trigger has changed on the way in is no restoring."""
    written = [_write(names, store, backup_id, one) for one in back]
    check = (
        f"SELECT b.key_id::text AS id FROM {store.relation} AS b JOIN {names.relation} AS k ON k.{names.sql('id')}::text = b.key_id "
        f"WHERE b.backup_id = $1::text AND b.key_id = ANY (string_to_array($2::text, chr(10))) AND {_equal(names.relation, 'was')}"
    )
    return [lock(store), *written, Statement(check, (backup_id, "\n".join(one.row.id for one in back)), count=len(back))]


def _write(names: Names, store: Store, backup_id: str, one: Kept) -> Statement:
    relation, key = names.relation, names.sql("id")
    source = f"{store.relation} AS b CROSS JOIN LATERAL json_populate_record(NULL::{relation}, b.was) AS was"
    chosen = "b.backup_id = $1::text AND b.key_id = $2::text"
    if one.present == MISSING:
        sql = (
            f"INSERT INTO {relation} SELECT was.* FROM {source} WHERE {chosen} "
            f"AND NOT EXISTS (SELECT 1 FROM {relation} AS k WHERE k.{key}::text = b.key_id)"
        )
    else:
        expires = names.sql("expiresAt")
        sql = (
            f"UPDATE {relation} AS k SET {expires} = was.{expires} FROM {source} WHERE {chosen} AND k.{key}::text = b.key_id "
            f"AND {_equal(relation, 'became')}"
        )
    return Statement(sql, (backup_id, one.row.id), count=1)


def _verified(database: Database, table: Table, store: Store, backup_id: str, kept: str) -> tuple[Row, ...]:
    """The rows as they stand now. Raises RunbookError where the table does not hold what the backup does."""
    held, now = read_again(lambda: (_kept(database, table, store, backup_id), read_table(database, table.names).rows), kept)
    lacking = [one.row.id for one in held if one.present != AS_IT_WAS]
    if lacking:
        words = "were restored, and somebody has changed them since. Find out who writes the table."
        raise RunbookError(f"The keys {', '.join(lacking)} ({kept}) {words}")
    return now
