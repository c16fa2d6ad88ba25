# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the keys are worth to an application with given secrets. Pure: rows in, verdicts out, and no part of a key in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import (
    BARE,
    ENVELOPE,
    MALFORMED,
    READABLE,
    UNENCRYPTED,
    UNREADABLE,
    Reading,
    read_private_key,
)
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Row

ENCRYPTED = "encrypted"  # how the application stores private keys: so, or unencrypted (disablePrivateKeyEncryption)
WORKS, BROKEN, NEW_KEY = "works", "broken", "new_key"


@dataclass(frozen=True)
class Key:
    """A row and what it is worth. ``state``: readable, unreadable, unencrypted (where keys are encrypted) or malformed.

    ``usable``: whether the application could sign with it. ``signs``: whether it is the one that the application signs with.
    """

    row: Row
    form: str
    state: str
    version: int | None
    reason: str
    usable: bool
    signs: bool = False

    def report(self) -> dict:
        """The key for a module's result."""
        return {
            "id": self.row.id, "alg": self.row.alg, "created_at": self.row.created_at, "expires_at": self.row.expires_at,
            "expired": self.row.expired, "form": self.form, "version": self.version, "state": self.state, "signs": self.signs,
            "usable": self.usable, "reason": self.reason,
        }  # fmt: skip


def keys_of(rows: Iterable[Row], secrets: SigningSecrets | None, stores: str) -> list[Key]:
    """Every row's worth, in the order of the rows (newest first). ``stores``: ENCRYPTED or UNENCRYPTED, as the application is set up.

    ``secrets`` may be None where the application stores keys unencrypted.
    """
    rows = list(rows)
    signing = next((row.id for row in rows if not row.expired), None)  # Better Auth: the newest that has not expired
    return [_key(row, secrets or SigningSecrets(), stores, row.id == signing) for row in rows]


def sign_in(keys: list[Key]) -> str:
    """Whether the application can make tokens: WORKS, BROKEN, or NEW_KEY where the next token makes a key first."""
    signing = next((key for key in keys if key.signs), None)
    if signing is None:
        return NEW_KEY
    return WORKS if signing.usable else BROKEN


def counts(keys: list[Key]) -> dict[str, int]:
    """How many keys there are in each state."""
    found = Counter(key.state for key in keys)
    return {state: found[state] for state in (READABLE, UNREADABLE, UNENCRYPTED, MALFORMED)}


def _key(row: Row, secrets: SigningSecrets, stores: str, signs: bool) -> Key:
    reading = read_private_key(row.private_key, secrets)
    if stores == UNENCRYPTED:
        reading = _as_unencrypted(reading)
    usable = reading.state == READABLE
    reason = reading.reason
    if reading.state == UNENCRYPTED:
        reason = "it is stored unencrypted, which an application that encrypts its keys can't sign with"
    return Key(row, reading.form, reading.state, reading.version, reason, usable, signs)


def _as_unencrypted(reading: Reading) -> Reading:
    """The reading of an application that takes every private key for a JWK."""
    if reading.form in (BARE, ENVELOPE):
        return Reading(reading.form, UNREADABLE, reading.version, "it is encrypted, and the application stores its keys unencrypted")
    if reading.state == UNENCRYPTED:
        return Reading(UNENCRYPTED, READABLE)
    return reading
