# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys a cleanup retires or deletes, and which the application is left with. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...clients.database.statements import Statement
from ..ciphertext import MALFORMED, UNREADABLE
from ..jwks_table import JwksRow
from ..keys import SigningKey
from .backup import create, lock, prune
from .observe import CleanupState
from .options import ALL_KEYS, EXPIRED_KEYS, RETIRE, CleanupOptions, action_of
from .sql import removal_statements


@dataclass(frozen=True)
class CleanupPlan:
    """The keys to retire or delete."""

    state: CleanupState
    action: str
    selected: list[SigningKey]

    @property
    def ids(self) -> set[str]:
        """The ids of the selected keys."""
        return {key.row.id for key in self.selected}

    @property
    def rows_after(self) -> list[JwksRow]:
        """The rows as the cleanup leaves them."""
        rows = self.state.table.rows
        if self.action == RETIRE:
            return [replace(row, expired=True) if row.id in self.ids else row for row in rows]
        return [row for row in rows if row.id not in self.ids]

    @property
    def privileges(self) -> list[str]:
        """What the database's user needs to carry it out."""
        backup = self.state.backup
        return [f"{'UPDATE' if self.action == RETIRE else 'DELETE'} on {backup.keys_table}", *backup.privileges_to_write()]

    def statements(self, backup_id: str, keep_backups: int) -> list[Statement]:
        """One transaction. The keys are in the order of their ids, so that two runs never wait for each other."""
        table, backup = self.state.table, self.state.backup
        ordered = sorted((key.row for key in self.selected), key=lambda row: row.id)
        removals = [one for row in ordered for one in removal_statements(table, backup, row, self.action, backup_id)]
        return [lock(backup), *create(backup), *removals, prune(backup, keep_backups)]

    def still_in_use(self, rows: Iterable[JwksRow]) -> list[str]:
        """Ids of the selected keys that are in use in these rows."""
        return [row.id for row in rows if row.id in self.ids and not (self.action == RETIRE and row.expired)]


def make_plan(state: CleanupState, options: CleanupOptions) -> CleanupPlan:
    """The plan. An expired key is retired already, so RETIRE does not select it. Raises RunbookError for an unsupported action."""
    action = action_of(options, state.table)
    selected = [key for key in state.keys if _is_selected(key, options, state.overdue) and not (action == RETIRE and key.row.expired)]
    return CleanupPlan(state, action, selected)


def _is_selected(key: SigningKey, options: CleanupOptions, overdue: frozenset[str]) -> bool:
    if options.selection == ALL_KEYS:
        return True
    if options.selection == EXPIRED_KEYS:
        return key.row.id in overdue
    return key.state == UNREADABLE or (options.malformed and key.state == MALFORMED)
