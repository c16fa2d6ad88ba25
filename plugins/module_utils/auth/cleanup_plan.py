# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys a cleanup takes out of use, and what the application is left with. Pure: keys and a wish in, keys out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import MALFORMED, UNREADABLE
from ansible_collections.runbook.minikube.plugins.module_utils.auth.keys import Key
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Row
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import ALL, EXPIRED, RETIRE, Wish


def chosen(keys: Iterable[Key], wish: Wish, action: str, overdue: frozenset[str] = frozenset()) -> list[Key]:
    """The keys that are to go. ``overdue``: ids of expired keys whose public part the application serves no more.

    A key that has expired is out of use already, so there is nothing left of it to retire.
    """
    return [key for key in keys if _selected(key, wish, overdue) and not (action == RETIRE and key.row.expired)]


def without(rows: Iterable[Row], ids: set[str], action: str) -> list[Row]:
    """The rows as the cleanup leaves them."""
    if action == RETIRE:
        return [replace(row, expired=True) if row.id in ids else row for row in rows]
    return [row for row in rows if row.id not in ids]


def still_in_use(rows: Iterable[Row], ids: set[str], action: str) -> list[str]:
    """Ids that should be out of use and are not."""
    return [row.id for row in rows if row.id in ids and not (action == RETIRE and row.expired)]


def _selected(key: Key, wish: Wish, overdue: frozenset[str]) -> bool:
    if wish.selection == ALL:
        return True
    if wish.selection == EXPIRED:
        return key.row.id in overdue
    return key.state == UNREADABLE or (wish.malformed and key.state == MALFORMED)
