# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which signing keys an application can use with given secrets. Pure: rows in, states out, and no part of a key in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .ciphertext import BARE, ENVELOPE, MALFORMED, READABLE, UNENCRYPTED, UNREADABLE, DecryptResult, decrypt_private_key
from .jwks_table import JwksRow, JwksTable
from .signing_secrets import SigningSecrets

ENCRYPTED = "encrypted"  # how the application stores private keys: ENCRYPTED or UNENCRYPTED (disablePrivateKeyEncryption)
ALGORITHMS = ("EdDSA", "ES256", "ES512", "PS256", "RS256")  # of Better Auth's option keyPairConfig.alg; the first is its default
OK, BROKEN, NO_ACTIVE_KEY = "ok", "broken", "no_active_key"


@dataclass(frozen=True)
class SigningRule:
    """Which key an application signs with.

    ``algorithm``: the one that it is configured with. ``has_algorithms``: whether its keys have one, as in Better Auth 1.7 and later.
    """

    algorithm: str = ALGORITHMS[0]
    has_algorithms: bool = True

    def active(self, rows: Iterable[JwksRow]) -> JwksRow | None:
        """The row that is signed with, None where the next token creates a key first. ``rows``: newest first.

        1.7 takes the newest live key of its algorithm, which one without an algorithm counts as, else the newest live one. Earlier
        releases take the newest key, and create another where that has expired.
        """
        rows = list(rows) if self.has_algorithms else list(rows)[:1]
        live = [row for row in rows if not row.expired]
        return next((row for row in live if row.alg in (None, self.algorithm)), next(iter(live), None))


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


def evaluate_keys(
    rows: Iterable[JwksRow], secrets: SigningSecrets | None, private_key_storage: str, rule: SigningRule = SigningRule()
) -> list[SigningKey]:
    """Every row with its state, in the order of the rows (newest first). ``private_key_storage``: ENCRYPTED or UNENCRYPTED.

    ``secrets`` may be None where the application stores keys unencrypted.
    """
    rows = list(rows)
    active = rule.active(rows)
    return [_evaluate(row, secrets or SigningSecrets(), private_key_storage, row is active) for row in rows]


def sign_in_status(keys: list[SigningKey]) -> str:
    """Whether the application can sign tokens: OK, BROKEN, or NO_ACTIVE_KEY where the next token creates a key first."""
    active = next((key for key in keys if key.active), None)
    if active is None:
        return NO_ACTIVE_KEY
    return OK if active.decryptable else BROKEN


def rule_of(table: JwksTable, algorithm: str | None) -> SigningRule:
    """The rule of the release that the table is of. ``algorithm``: None where the option is unset."""
    return SigningRule(algorithm or ALGORITHMS[0], table.has_algorithms)


def algorithm_warnings(rows: Iterable[JwksRow], algorithm: str | None) -> list[str]:
    """That the active key depends on an option of the application that is not known: ``algorithm``, None where the option is unset."""
    live = sorted({row.alg for row in rows if row.alg and not row.expired})
    if algorithm or len(live) < 2:
        return []
    return [
        f"Keys of several algorithms are in use ({', '.join(live)}), and the active one was chosen as Better Auth does by default, for "
        f"{ALGORITHMS[0]}. If the application sets jwks.keyPairConfig.alg, set the option algorithm to the same."
    ]


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
