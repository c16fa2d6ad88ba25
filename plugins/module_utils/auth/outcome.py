# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cleanup or a restoration did, or in check mode would do, as a module's result. Nothing of a secret or a key is in it."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.auth.info import signers_report
from ansible_collections.runbook.minikube.plugins.module_utils.auth.keys import BROKEN, Key, counts, sign_in
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import Given

IN_USE, RETIRED = "in use", "retired"


@dataclass(frozen=True)
class Outcome:
    """``before`` and ``after``: the keys. ``retired``, ``removed``, ``restored``: ids. ``backup_id``: None where there is no backup."""

    before: list[Key]
    after: list[Key]
    given: Given
    backup_table: str
    backup_id: str | None = None
    retired: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    restored: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[str, ...]:
        """Ids of all keys that change."""
        return (*self.retired, *self.removed, *self.restored)

    def report(self) -> dict:
        """The module's result."""
        return {
            "changed": bool(self.touched),
            "retired": list(self.retired),
            "removed": list(self.removed),
            "restored": list(self.restored),
            "backup_id": self.backup_id,
            "backup_table": self.backup_table,
            "signing_keys": [key.report() for key in self.before],
            "counts": counts(self.before),
            "sign_in_before": sign_in(self.before),
            "sign_in": sign_in(self.after),
            "signers": signers_report(self.given.signers, self.given.secrets),
        }

    def diff(self) -> dict:
        """The keys that change, by id, before and after."""
        return {side: {one: state for one in self.touched if (state := _state(keys, one))} for side, keys in self._sides()}

    def warnings(self) -> list[str]:
        """What is left for a person to do."""
        signing = next((key for key in self.after if key.signs), None)
        if signing is None or sign_in(self.after) != BROKEN:
            return []
        return [f"Nobody can sign in: key {signing.row.id} signs, and {signing.reason}. {_step(signing, self.restored)}"]

    def _sides(self) -> tuple[tuple[str, list[Key]], ...]:
        return ("before", self.before), ("after", self.after)


STEPS = {
    "malformed": "It is damaged: set malformed: true to take it out of use too.",
    "unencrypted": "Set private_keys: unencrypted if the application stores its keys so, else selection: all takes it out of use too.",
    "unreadable": "Run with state: cleaned to take it out of use.",
}


def _step(signing: Key, restored: tuple[str, ...]) -> str:
    if signing.row.id in restored:
        return "Bring back the secret that it was encrypted with."
    return STEPS[signing.state]


def _state(keys: list[Key], one: str) -> str | None:
    key = next((key for key in keys if key.row.id == one), None)
    if key is None:
        return None
    return RETIRED if key.row.expired else IN_USE
