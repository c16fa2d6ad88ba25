# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which signing keys an application can use with given secrets. Pure: rows in, states out, and no part of a key in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .ciphertext import BARE, ENVELOPE, MALFORMED, READABLE, UNENCRYPTED, UNREADABLE, DecryptResult, decrypt_private_key
from .jwks_table import JwksRow
from .signing_secrets import SigningSecrets

ENCRYPTED = "encrypted"  # how the application stores private keys: ENCRYPTED or UNENCRYPTED (disablePrivateKeyEncryption)
OK, BROKEN, NO_ACTIVE_KEY = "ok", "broken", "no_active_key"


@dataclass(frozen=True)
class SigningKey:
    """A row and its state: readable, unreadable, unencrypted (where keys are encrypted) or malformed.

    ``decryptable``: whether the application could sign with it. ``active``: whether it is the one that the application signs with.
    """

    row: JwksRow
    form: str
    state: str
    version: int | None
    reason: str
    decryptable: bool
    active: bool = False

    def report(self) -> dict:
        """The key for a module's result."""
        return {
            "id": self.row.id, "alg": self.row.alg, "created_at": self.row.created_at, "expires_at": self.row.expires_at,
            "expired": self.row.expired, "form": self.form, "version": self.version, "state": self.state, "active": self.active,
            "decryptable": self.decryptable, "reason": self.reason,
        }  # fmt: skip


def evaluate_keys(rows: Iterable[JwksRow], secrets: SigningSecrets | None, private_key_storage: str) -> list[SigningKey]:
    """Every row with its state, in the order of the rows (newest first). ``private_key_storage``: ENCRYPTED or UNENCRYPTED.

    ``secrets`` may be None where the application stores keys unencrypted.
    """
    rows = list(rows)
    active = next((row.id for row in rows if not row.expired), None)  # Better Auth: the newest that has not expired
    return [_evaluate(row, secrets or SigningSecrets(), private_key_storage, row.id == active) for row in rows]


def sign_in_status(keys: list[SigningKey]) -> str:
    """Whether the application can sign tokens: OK, BROKEN, or NO_ACTIVE_KEY where the next token creates a key first."""
    active = next((key for key in keys if key.active), None)
    if active is None:
        return NO_ACTIVE_KEY
    return OK if active.decryptable else BROKEN


def count_by_state(keys: list[SigningKey]) -> dict[str, int]:
    """How many keys there are in each state."""
    counts = Counter(key.state for key in keys)
    return {state: counts[state] for state in (READABLE, UNREADABLE, UNENCRYPTED, MALFORMED)}


def _evaluate(row: JwksRow, secrets: SigningSecrets, private_key_storage: str, active: bool) -> SigningKey:
    result = decrypt_private_key(row.private_key, secrets)
    if private_key_storage == UNENCRYPTED:
        result = _as_unencrypted(result)
    reason = result.reason
    if result.state == UNENCRYPTED:
        reason = "it is stored unencrypted, and an application that encrypts its keys can't sign with it"
    return SigningKey(row, result.form, result.state, result.version, reason, result.state == READABLE, active)


def _as_unencrypted(result: DecryptResult) -> DecryptResult:
    """The result for an application that reads every private key as a JWK."""
    if result.form in (BARE, ENVELOPE):
        return DecryptResult(result.form, UNREADABLE, result.version, "it is encrypted, and the application stores its keys unencrypted")
    if result.state == UNENCRYPTED:
        return DecryptResult(UNENCRYPTED, READABLE)
    return result
