# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which rows of a backup are restored, and what prevents it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...errors import NOTHING_CHANGED, RunbookError
from ..jwks_table import JwksRow
from ..keys import BROKEN, OK, SigningKey, sign_in_status

# The row in the table compared with its backup: missing, as in the backup, as the cleanup left it, or changed since by somebody else.
MISSING, UNCHANGED, RETIRED, MODIFIED = "missing", "unchanged", "retired", "modified"


@dataclass(frozen=True)
class BackupRow:
    """A row of a backup. ``state``: MISSING, UNCHANGED, RETIRED or MODIFIED. ``newer``: a later backup with the same key, "" where none has it."""

    row: JwksRow
    state: str
    newer: str = ""


def rows_to_restore(backup_rows: Iterable[BackupRow]) -> list[BackupRow]:
    """The rows that have to be written. Raises RunbookError where restoring would overwrite something newer than the backup."""
    backup_rows = list(backup_rows)
    modified = sorted(one.row.id for one in backup_rows if one.state == MODIFIED)
    if modified:
        raise RunbookError(
            f"The keys {', '.join(modified)} have changed since the cleanup, and restoring would overwrite that. {NOTHING_CHANGED} "
            "Find out what changed them (jwks_info shows their state); a key that was re-encrypted need not be restored."
        )
    superseded = next((one for one in backup_rows if one.state == MISSING and one.newer), None)
    if superseded:
        raise RunbookError(
            f"Key {superseded.row.id} is also in a later backup, with its state at that time. {NOTHING_CHANGED} "
            f"Restore that one first: backup_id: {superseded.newer}."
        )
    return [one for one in backup_rows if one.state != UNCHANGED]


def merge_rows(rows: Iterable[JwksRow], restored: Iterable[BackupRow]) -> list[JwksRow]:
    """The rows as restoring leaves them, newest first. Times are text in UTC of one form, so they sort as text."""
    by_id = {row.id: row for row in rows} | {one.row.id: one.row for one in restored}
    ordered = sorted(by_id.values(), key=lambda row: row.id)
    return sorted(ordered, key=lambda row: row.created_at, reverse=True)


def require_sign_in(before: list[SigningKey], after: list[SigningKey], force: bool) -> None:
    """Raises RunbookError where the application can sign now, and could not with the restored keys."""
    if force or sign_in_status(before) != OK or sign_in_status(after) != BROKEN:
        return
    active = next(key.row.id for key in after if key.active)
    raise RunbookError(
        f"Restoring key {active} would make it the active key, which the application can't use, while it can sign now. "
        f"{NOTHING_CHANGED} Set the secret back to the one that the key was encrypted with first, or set force: true."
    )
