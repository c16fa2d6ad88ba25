# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of jwks_cleanup beside those that all modules of keys have. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ...clients.database.statements import quoted
from ...errors import RunbookError
from ..jwks_table import JwksTable, TableNames, require_expiry_named
from ..keys import ENCRYPTED
from ..options import AuthOptions

PRESENT, RESTORED = "present", "restored"
RETIRE, DELETE = "retire", "delete"
UNREADABLE_KEYS, ALL_KEYS, EXPIRED_KEYS = "unreadable", "all", "expired"
ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": [PRESENT, RESTORED], "default": PRESENT},
    "action": {"type": "str", "choices": [RETIRE, DELETE]},
    "selection": {"type": "str", "choices": [UNREADABLE_KEYS, ALL_KEYS, EXPIRED_KEYS], "default": UNREADABLE_KEYS},
    "malformed": {"type": "bool", "default": False},
    "grace_period": {"type": "int", "default": 30},
    "force": {"type": "bool", "default": False},
    "backup_table": {"type": "str", "default": "runbook_jwks_backup"},
    "backup_id": {"type": "str"},
    "keep_backups": {"type": "int", "default": 10},
}


@dataclass(frozen=True)
class CleanupOptions:
    """The options by their names, and the table of keys. ``action`` and ``backup_id`` are None where unset."""

    state: str = PRESENT
    action: str | None = None
    selection: str = UNREADABLE_KEYS
    malformed: bool = False
    grace_period: int = 30
    force: bool = False
    backup_table: str = "runbook_jwks_backup"
    backup_id: str | None = None
    keep_backups: int = 10
    names: TableNames = TableNames()
    private_key_storage: str = ENCRYPTED
    algorithm: str | None = None

    @classmethod
    def of(cls, params: dict, auth: AuthOptions) -> CleanupOptions:
        """The options of a module. Raises RunbookError where they contradict each other."""
        own = {name: params[name] for name in ARGUMENT_SPEC}
        options = cls(**own, names=auth.names, private_key_storage=auth.private_key_storage, algorithm=auth.algorithm)
        quoted(options.backup_table)  # raises for an invalid name
        problem = next((message for wrong, message in _contradictions(options) if wrong), None)
        if problem:
            raise RunbookError(problem)
        return options


def action_of(options: CleanupOptions, table: JwksTable) -> str:
    """What is done to the selected keys. Raises RunbookError where the table does not support it, or may be misunderstood."""
    can_retire = table.can_retire
    if options.action != DELETE:
        require_expiry_named(table)
    if options.selection == EXPIRED_KEYS and not can_retire:
        raise RunbookError("selection: expired: the table has no column expiresAt, so its keys never expire. Leave selection out.")
    if options.action == RETIRE and not can_retire:
        raise RunbookError("action: retire: the table has no column expiresAt (Better Auth 1.3 does not create it). Use action: delete.")
    return options.action or (RETIRE if can_retire and options.selection != EXPIRED_KEYS else DELETE)


def _contradictions(options: CleanupOptions) -> list[tuple[bool, str]]:
    restores = options.state == RESTORED
    return [
        (options.grace_period < 0, "grace_period: must not be less than 0 days."),
        (options.keep_backups < 1, "keep_backups: must be at least 1, as no key is removed without a backup."),
        (restores and bool(options.action), "state: restored reverts the action of the backup. Leave action out."),
        (restores and options.selection != UNREADABLE_KEYS, "state: restored restores a whole backup. Leave selection out."),
        (restores and options.malformed, "state: restored restores a whole backup. Leave malformed out."),
        (not restores and bool(options.backup_id), "backup_id: only valid with state: restored. A cleanup creates its own backup."),
        (options.selection == EXPIRED_KEYS and options.action == RETIRE, "selection: expired selects keys that are retired already. Use action: delete."),
        (options.selection == EXPIRED_KEYS and options.malformed, "malformed: only valid with selection: unreadable. Leave it out with selection: expired."),
    ]  # fmt: skip
