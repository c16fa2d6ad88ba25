# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Retires or deletes keys in one transaction with their backup, and verifies it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace

from ...clients.database.statements import Database, require_writable
from ...errors import RunbookError
from ..jwks_table import JwksRow, read_jwks_table
from ..keys import SigningKey, evaluate_keys, rule_of
from ..options import ResolvedSecrets
from ..retry import reread_after_write, retry_on_conflict, write
from ..secret_check import require_confirmed_secret
from .observe import observe
from .options import RETIRE, UNREADABLE_KEYS, CleanupOptions
from .plan import CleanupPlan, make_plan
from .report import CleanupResult


def clean_up(database: Database, options: CleanupOptions, resolved: ResolvedSecrets, check: bool) -> CleanupResult:
    """Raises RunbookError. With ``check`` nothing is changed."""
    return retry_on_conflict(lambda: _attempt(database, options, resolved, check), options.names.sql_name)


def _attempt(database: Database, options: CleanupOptions, resolved: ResolvedSecrets, check: bool) -> CleanupResult:
    plan = make_plan(observe(database, options, resolved), options)
    backup = plan.state.backup
    predicted = _predict(plan, options, resolved)
    if not plan.selected:
        return predicted
    if options.selection == UNREADABLE_KEYS:
        require_confirmed_secret(resolved, plan.state.keys, options.force)
    backup.require(*plan.privileges)
    require_writable(database)
    if check:
        return predicted
    backup_id = secrets.token_hex(8)
    label = f"backup {backup_id} in {backup.name}"
    write(database, plan.statements(backup_id, options.keep_backups), label)
    after = _evaluate(_verify(database, plan, label), plan, options, resolved)
    return replace(predicted, after=after, backup_id=backup_id)


def _predict(plan: CleanupPlan, options: CleanupOptions, resolved: ResolvedSecrets) -> CleanupResult:
    ids = tuple(key.row.id for key in plan.selected)
    retired, removed = (ids, ()) if plan.action == RETIRE else ((), ids)
    after = _evaluate(plan.rows_after, plan, options, resolved)
    return CleanupResult(plan.state.keys, after, resolved, plan.state.backup.name, plan.state.table, options.algorithm, retired=retired, removed=removed)


def _evaluate(rows: Iterable[JwksRow], plan: CleanupPlan, options: CleanupOptions, resolved: ResolvedSecrets) -> list[SigningKey]:
    return evaluate_keys(rows, resolved.secrets, options.private_key_storage, rule_of(plan.state.table, options.algorithm))


def _verify(database: Database, plan: CleanupPlan, label: str) -> tuple[JwksRow, ...]:
    """The rows after the change. Raises RunbookError where a key that was retired or deleted is in use."""
    rows = reread_after_write(lambda: read_jwks_table(database, plan.state.table.names, plan.state.table.clock).rows, label)
    returned = plan.still_in_use(rows)
    if returned:
        raise RunbookError(
            f"The keys {', '.join(returned)} were {'retired' if plan.action == RETIRE else 'deleted'} ({label}), but another client has put them back. "
            "Find out who writes the table, and run again."
        )
    return rows
