# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of a cleanup or a restore, predicted in check mode. Nothing of a secret or a key is in it."""

from __future__ import annotations

from dataclasses import dataclass

from ..jwks_table import JwksTable
from ..keys import BROKEN, SigningKey, algorithm_warnings, count_by_state, sign_in_status
from ..options import ResolvedSecrets
from ..server_secrets import report_servers

IN_USE, RETIRED = "in use", "retired"


@dataclass(frozen=True)
class CleanupResult:
    """``before`` and ``after``: the keys. ``retired``, ``removed``, ``restored``: ids. ``backup_id``: None where there is no backup."""

    before: list[SigningKey]
    after: list[SigningKey]
    resolved: ResolvedSecrets
    backup_table: str
    table: JwksTable
    algorithm: str | None = None
    backup_id: str | None = None
    retired: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()

    @property
    def changed_ids(self) -> tuple[str, ...]:
        """Ids of all keys that change."""
        return (*self.retired, *self.removed, *self.restored)

    def report(self) -> dict:
        """The module's result."""
        return {
            "changed": bool(self.changed_ids),
            "retired": list(self.retired),
            "removed": list(self.removed),
            "restored": list(self.restored),
            "backup_id": self.backup_id,
            "backup_table": self.backup_table,
            "signing_keys": [key.report() for key in self.before],
            "counts": count_by_state(self.before),
            "sign_in_before": sign_in_status(self.before),
            "sign_in": sign_in_status(self.after),
            "clock_skew": self.table.clock.skew,
            "row_security": bool(self.table.row_security),
            "auth_servers": report_servers(self.resolved.auth_servers, self.resolved.secrets),
        }

    def diff(self) -> dict:
        """The keys that change, by id, before and after."""
        return {side: {key_id: state for key_id in self.changed_ids if (state := _state(keys, key_id))} for side, keys in self._sides()}

    def warnings(self) -> list[str]:
        """What is uncertain about the keys, what is still broken, and the next step."""
        uncertain = [*self.table.warnings(), *algorithm_warnings(self.table.rows, self.algorithm)]
        active = next((key for key in self.after if key.active), None)
        if active is None or sign_in_status(self.after) != BROKEN:
            return uncertain
        return [*uncertain, f"Nobody can sign in: the active key {active.row.id} can't be used: {active.reason}. {_next_step(active, self.restored)}"]

    def _sides(self) -> tuple[tuple[str, list[SigningKey]], ...]:
        return ("before", self.before), ("after", self.after)


NEXT_STEPS = {
    "malformed": "Set malformed: true to retire or delete damaged keys too.",
    "unencrypted": "If the application stores its keys unencrypted, set private_keys: unencrypted. Otherwise retire or delete it with selection: all.",
    "unreadable": "Run with state: present to retire or delete it.",
}


def _next_step(active: SigningKey, restored: tuple[str, ...]) -> str:
    if active.row.id in restored:
        return "Set the secret back to the one that it was encrypted with."
    return NEXT_STEPS[active.state]


def _state(keys: list[SigningKey], key_id: str) -> str | None:
    key = next((key for key in keys if key.row.id == key_id), None)
    if key is None:
        return None
    return RETIRED if key.row.expired else IN_USE
