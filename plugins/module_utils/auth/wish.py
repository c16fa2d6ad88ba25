# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cleanup is asked for: the options of jwks_cleanup beside those that all modules of keys have. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import quoted
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

CLEANED, RESTORED = "cleaned", "restored"
RETIRE, DELETE = "retire", "delete"
UNREADABLE_ONES, ALL, EXPIRED = "unreadable", "all", "expired"
OPTIONS = {
    "state": {"type": "str", "choices": [CLEANED, RESTORED], "default": CLEANED},
    "action": {"type": "str", "choices": [RETIRE, DELETE]},
    "selection": {"type": "str", "choices": [UNREADABLE_ONES, ALL, EXPIRED], "default": UNREADABLE_ONES},
    "malformed": {"type": "bool", "default": False},
    "grace_period": {"type": "int", "default": 30},
    "force": {"type": "bool", "default": False},
    "backup_table": {"type": "str", "default": "runbook_jwks_backup"},
    "backup_id": {"type": "str"},
    "keep_backups": {"type": "int", "default": 10},
}


@dataclass(frozen=True)
class Wish:
    """The options, by their names. ``action`` and ``backup_id`` are None where none was given."""

    state: str = CLEANED
    action: str | None = None
    selection: str = UNREADABLE_ONES
    malformed: bool = False
    grace_period: int = 30
    force: bool = False
    backup_table: str = "runbook_jwks_backup"
    backup_id: str | None = None
    keep_backups: int = 10


def wish_of(params: dict) -> Wish:
    """The wish out of a module's parameters. Raises RunbookError where they contradict each other."""
    wish = Wish(**{name: params[name] for name in OPTIONS})
    quoted(wish.backup_table)  # which refuses what is no name
    problem = next((words for wrong, words in _contradictions(wish) if wrong), None)
    if problem:
        raise RunbookError(problem)
    return wish


def action_of(wish: Wish, can_retire: bool) -> str:
    """What is done to the chosen keys. Raises RunbookError where the table can't have that done to it."""
    if wish.selection == EXPIRED and not can_retire:
        raise RunbookError("selection: expired: the table has no column expiresAt, so no key of it ever expires. Leave selection out.")
    if wish.action == RETIRE and not can_retire:
        raise RunbookError("action: retire: the table has no column expiresAt (Better Auth 1.3 makes none). Use action: delete.")
    return wish.action or (RETIRE if can_retire and wish.selection != EXPIRED else DELETE)


def _contradictions(wish: Wish) -> list[tuple[bool, str]]:
    restores = wish.state == RESTORED
    return [
        (wish.grace_period < 0, "grace_period: it can't be less than 0 days."),
        (wish.keep_backups < 1, "keep_backups: at least 1 is kept, as nothing is taken out of use without a way back."),
        (restores and bool(wish.action), "state: restored undoes what the backup says. Leave action out."),
        (restores and wish.selection != UNREADABLE_ONES, "state: restored brings back a whole backup. Leave selection out."),
        (restores and wish.malformed, "state: restored brings back a whole backup. Leave malformed out."),
        (not restores and bool(wish.backup_id), "backup_id: only state: restored takes one. A cleanup makes its own."),
        (wish.selection == EXPIRED and wish.action == RETIRE, "selection: expired chooses keys that are retired already. Use action: delete."),
        (wish.selection == EXPIRED and wish.malformed, "malformed goes with selection: unreadable. Leave it out with selection: expired."),
    ]  # fmt: skip
