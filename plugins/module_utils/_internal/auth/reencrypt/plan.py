# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done with each encrypted value. Pure: values, secrets and nonces in, a plan out.

Replacing a ciphertext by one of the same plaintext deletes nothing: the new one is decrypted here, before it is sent, and must yield
the same text. So there is no backup table; the previous row would be of use only with the secret that is to be removed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ...errors import RunbookError
from ..ciphertext import MALFORMED, READABLE, UNENCRYPTED, UNREADABLE, DecryptResult, decrypt_private_key, decrypt_text, encrypt
from ..encrypted_columns import PLAIN, EncryptedColumn, state_of
from ..signing_secrets import SigningSecrets
from .target import ReencryptTarget

REENCRYPTED, ALREADY_CURRENT, SKIPPED = "reencrypted", "already_current", "skipped"
STATES = (REENCRYPTED, ALREADY_CURRENT, SKIPPED, UNREADABLE, MALFORMED, PLAIN)
PRIVATE_KEYS = EncryptedColumn("jwks", "privateKey", always=True)  # the one column whose encrypted texts are JSON strings


@dataclass(frozen=True)
class ReencryptJob:
    """The target, the secrets that may decrypt values, and a source of nonces: 24 random bytes, never the same."""

    target: ReencryptTarget
    secrets: tuple[str, ...] = field(repr=False)
    nonce: Callable[[], bytes]


@dataclass(frozen=True)
class ValuePlan:
    """A value's row and its state, one of STATES; ``old`` and ``new`` where it is to be replaced (state REENCRYPTED)."""

    id: str
    state: str
    old: str = field(default="", repr=False)
    new: str = field(default="", repr=False)


def plan_values(column: EncryptedColumn, values: Iterable[tuple[str, str | None]], job: ReencryptJob, writes: bool) -> list[ValuePlan]:
    """The plan for each (row's id, value) of a column that is not null. Without ``writes`` what could be replaced is SKIPPED."""
    return [_plan_value(column, row, value, job, writes) for row, value in values if value is not None]


def _plan_value(column: EncryptedColumn, row: str, value: str, job: ReencryptJob, writes: bool) -> ValuePlan:
    result = _decrypt(column, value, job.target.secrets)
    if result.state == READABLE:
        return ValuePlan(row, ALREADY_CURRENT)
    for secret in job.secrets:
        if result.state != UNREADABLE:
            break
        result = _decrypt(column, value, _as_only_secret(secret, result.version))
    if result.state != READABLE or result.text is None:
        return ValuePlan(row, PLAIN if result.state == UNENCRYPTED else state_of(column, result))
    if not writes:
        return ValuePlan(row, SKIPPED)
    return ValuePlan(row, REENCRYPTED, value, _encrypt(column, row, result.text, job))


def _decrypt(column: EncryptedColumn, value: str, secrets: SigningSecrets) -> DecryptResult:
    return decrypt_private_key(value, secrets) if column == PRIVATE_KEYS else decrypt_text(value, secrets)


def _as_only_secret(secret: str, version: int | None) -> SigningSecrets:
    """A secret as the one for that version: decryption itself shows whether it is, whatever its number was."""
    return SigningSecrets(secret) if version is None else SigningSecrets(None, {version: secret})


def _encrypt(column: EncryptedColumn, row: str, text: str, job: ReencryptJob) -> str:
    target = job.target
    encrypted = encrypt(text, target.secret, job.nonce(), target.version)
    stored = json.dumps(encrypted) if column == PRIVATE_KEYS else encrypted
    if _decrypt(column, stored, target.secrets).text != text:
        raise RunbookError(f"{column.table}.{column.column} of row {row}: the re-encrypted value does not decrypt to the same text. It was not written.")
    return stored
