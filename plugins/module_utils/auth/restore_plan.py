# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys of a backup go back, and why they must not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.auth.keys import BROKEN, WORKS, Key, sign_in
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Row
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

# How the table stands to a row of a backup: without it, with it as it was, with it as the cleanup left it, or with something else.
MISSING, AS_IT_WAS, AS_IT_WAS_LEFT, OTHER = "missing", "as_it_was", "as_it_was_left", "other"


@dataclass(frozen=True)
class Kept:
    """A row of a backup. ``present``: one of the words above. ``newer``: a later backup that holds the same key, "" where none does."""

    row: Row
    present: str
    newer: str = ""


def going_back(kept: Iterable[Kept]) -> list[Kept]:
    """What has to be written. Raises RunbookError where something newer than the backup would be lost."""
    kept = list(kept)
    changed = sorted(one.row.id for one in kept if one.present == OTHER)
    if changed:
        raise RunbookError(
            f"The keys {', '.join(changed)} have changed since the cleanup, and going back would lose that. Nothing was changed. "
            "Look what changed them (jwks_info shows their state); a key that was encrypted anew needs no restoring."
        )
    gone = next((one for one in kept if one.present == MISSING and one.newer), None)
    if gone:
        raise RunbookError(
            f"A later backup holds key {gone.row.id} too, as it was then. Nothing was changed. Restore that one first: backup_id: {gone.newer}."
        )
    return [one for one in kept if one.present != AS_IT_WAS]


def with_them(rows: Iterable[Row], back: Iterable[Kept]) -> list[Row]:
    """The rows as restoring leaves them, newest first. Times are text in UTC of one form, so they sort as text."""
    restored = {one.row.id: one.row for one in back}
    others = [row for row in rows if row.id not in restored]
    by_id = sorted([*others, *restored.values()], key=lambda row: row.id)
    return sorted(by_id, key=lambda row: row.created_at, reverse=True)


def require_sign_in(before: list[Key], after: list[Key], force: bool) -> None:
    """Raises RunbookError where the application can sign now, and could not with the keys back."""
    if force or sign_in(before) != WORKS or sign_in(after) != BROKEN:
        return
    signing = next(key.row.id for key in after if key.signs)
    raise RunbookError(
        f"With key {signing} back in use it would sign again, and the application can't use it, while it can sign now. Nothing was changed. "
        "Bring back the secret that the key was encrypted with first, or set force: true."
    )
