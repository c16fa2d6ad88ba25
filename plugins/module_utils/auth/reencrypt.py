# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of each value under a secret when it is brought under another. Pure: values, secrets and nonces in, a plan out.

Overwriting a ciphertext by one of the same text deletes nothing: the new one is decrypted here, before it is sent, and has to give
the same text. So there is no backup table; the row as it was would be of use only to one who has the secret that is to be dropped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import (
    MALFORMED,
    READABLE,
    UNENCRYPTED,
    UNREADABLE,
    Reading,
    read_private_key,
    read_text,
    seal,
)
from ansible_collections.runbook.minikube.plugins.module_utils.auth.other_data import PLAIN, Place, state_of
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_target import Target
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

REENCRYPTED, ALREADY, LEFT = "reencrypted", "already", "left"
STATES = (REENCRYPTED, ALREADY, LEFT, UNREADABLE, MALFORMED, PLAIN)
KEYS = Place("jwks", "privateKey", always=True)  # the one column whose encrypted texts are JSON strings


@dataclass(frozen=True)
class Work:
    """What values are brought under, the secrets that may read them, and where nonces come from: 24 random bytes, never the same."""

    target: Target
    secrets: tuple[str, ...] = field(repr=False)
    nonce: Callable[[], bytes]


@dataclass(frozen=True)
class Verdict:
    """A value's row and its state, one of STATES; ``old`` and ``new`` where it is to be replaced (state REENCRYPTED)."""

    id: str
    state: str
    old: str = field(default="", repr=False)
    new: str = field(default="", repr=False)


def planned(place: Place, values: Iterable[tuple[str, str | None]], work: Work, writes: bool) -> list[Verdict]:
    """The verdict on each (row's id, value) of a column that is not null. Without ``writes`` what could be replaced is LEFT."""
    return [_verdict(place, row, value, work, writes) for row, value in values if value is not None]


def _verdict(place: Place, row: str, value: str, work: Work, writes: bool) -> Verdict:
    reading = _read(place, value, work.target.secrets)
    if reading.state == READABLE:
        return Verdict(row, ALREADY)
    for secret in work.secrets:
        if reading.state != UNREADABLE:
            break
        reading = _read(place, value, _alone(secret, reading.version))
    if reading.state != READABLE:
        return Verdict(row, PLAIN if reading.state == UNENCRYPTED else state_of(place, reading))
    if not writes:
        return Verdict(row, LEFT)
    return Verdict(row, REENCRYPTED, value, _sealed(place, row, reading.text, work))


def _read(place: Place, value: str, secrets: SigningSecrets) -> Reading:
    return read_private_key(value, secrets) if place == KEYS else read_text(value, secrets)


def _alone(secret: str, version: int | None) -> SigningSecrets:
    """A secret as the one that reads a value of that version: which one really does, the cipher tells, whatever its number was."""
    return SigningSecrets(secret) if version is None else SigningSecrets(None, {version: secret})


def _sealed(place: Place, row: str, text: str, work: Work) -> str:
    target = work.target
    sealed = seal(text, target.secret, work.nonce(), target.version)
    stored = json.dumps(sealed) if place == KEYS else sealed
    if _read(place, stored, target.secrets).text != text:
        where = f"{place.table}.{place.column} of row {row}"
        raise RunbookError(f"{where}: what was encrypted anew does not decrypt to the same. It was not written.")
    return stored
