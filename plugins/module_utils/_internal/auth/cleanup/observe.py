# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what a cleanup is planned from: the keys, the backup table, and which keys expired long ago."""

from __future__ import annotations

from dataclasses import dataclass

from ...clients.database.statements import Database, rows
from ...errors import NOTHING_CHANGED, RunbookError
from ..clock import read_clock
from ..jwks_table import JwksTable, read_jwks_table
from ..keys import SigningKey, evaluate_keys, rule_of
from ..options import ResolvedSecrets
from .backup import BackupTable, find_backup_table
from .options import EXPIRED_KEYS, CleanupOptions


@dataclass(frozen=True)
class CleanupState:
    """The table of keys as it was read. ``overdue``: ids of the keys whose grace period is over."""

    table: JwksTable
    keys: list[SigningKey]
    backup: BackupTable
    overdue: frozenset[str] = frozenset()


def observe(database: Database, options: CleanupOptions, resolved: ResolvedSecrets) -> CleanupState:
    """Reads the database. Raises RunbookError."""
    table = read_jwks_table(database, options.names, read_clock(database, resolved.clock_offset))
    require_visible_rows(table, options.force)
    keys = evaluate_keys(table.rows, resolved.secrets, options.private_key_storage, rule_of(table, options.algorithm))
    overdue = _overdue(database, table, options.grace_period) if options.selection == EXPIRED_KEYS and table.can_retire else frozenset()
    return CleanupState(table, keys, find_backup_table(database, table.names, options.backup_table), overdue)


def require_visible_rows(table: JwksTable, force: bool) -> None:
    """Raises RunbookError where the table seems to be empty, and row security may be why."""
    if table.row_security and not table.rows and not force:
        raise RunbookError(f"No key is visible. {table.row_security} If the table is empty, set force: true. {NOTHING_CHANGED}")


def _overdue(database: Database, table: JwksTable, days: int) -> frozenset[str]:
    """Ids of the keys that expired so long ago that the application no longer serves their public part."""
    names = table.names
    over = f"{names.sql('expiresAt')} + make_interval(days => $1::text::int) <= {table.clock.now}"
    sql = f"SELECT {names.sql('id')}::text AS id FROM {names.sql_name} WHERE {over}"
    return frozenset(row["id"] for row in rows(database, sql, str(days)))
