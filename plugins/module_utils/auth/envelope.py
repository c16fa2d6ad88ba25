# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The forms in which Better Auth stores what it encrypts, and which secret reads them. Pure.

Encrypted: lower-case hex of a 24-byte nonce, the ciphertext and a 16-byte tag (XChaCha20-Poly1305, no associated data, the key is the
SHA-256 of the secret), bare or, where secrets have versions, as ``$ba$<version>$<hex>``. A private key in the table jwks is that text
as a JSON string, or, where the application stores keys unencrypted, the JWK itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import lacking

try:
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt, crypto_aead_xchacha20poly1305_ietf_encrypt
    from nacl.exceptions import CryptoError

    NACL_MISSING = False
except ImportError:
    CryptoError = ValueError
    NACL_MISSING = True

BARE, ENVELOPE, UNENCRYPTED, MALFORMED = "bare", "envelope", "unencrypted", "malformed"
READABLE, UNREADABLE = "readable", "unreadable"
NONCE = 24  # bytes
TAG = 16  # bytes
PACKED = re.compile(r"(?:\$ba\$(?P<version>\d+)\$)?(?P<hex>(?:[0-9a-fA-F]{2})+)")


@dataclass(frozen=True)
class Packed:
    """Something encrypted. ``version`` is None for the bare form."""

    sealed: bytes = field(repr=False)
    version: int | None = None

    @property
    def form(self) -> str:
        """BARE or ENVELOPE."""
        return BARE if self.version is None else ENVELOPE


@dataclass(frozen=True)
class Reading:
    """What became of reading something stored. ``form``: how it is stored, ``state``: READABLE, UNREADABLE, UNENCRYPTED or MALFORMED.

    ``version``: that of an envelope. ``reason``: why it is not readable. ``text``: what it says, where it is readable.
    """

    form: str
    state: str
    version: int | None = None
    reason: str = ""
    text: str | None = field(default=None, repr=False)


def require_nacl() -> None:
    """Raises RunbookError where PyNaCl, which alone can tell whether a secret reads something, is missing."""
    if NACL_MISSING:
        raise RunbookError(lacking(["nacl"]))


def read_private_key(stored: str, secrets: SigningSecrets) -> Reading:
    """Reads a private key of the table jwks."""
    try:
        content = json.loads(stored)
    except ValueError:
        return Reading(MALFORMED, MALFORMED, reason="it is no JSON")
    if isinstance(content, dict):
        return _jwk(Reading(UNENCRYPTED, UNENCRYPTED, text=stored), content)
    if not isinstance(content, str):
        return Reading(MALFORMED, MALFORMED, reason="it is neither a text nor a key")
    reading = read_text(content, secrets)
    return _jwk(reading, _parsed(reading.text)) if reading.state == READABLE else reading


def read_text(stored: str, secrets: SigningSecrets) -> Reading:
    """Reads anything else that Better Auth encrypts: two-factor secrets, backup codes, OAuth tokens. There is no JSON around it."""
    packed = unpack(stored)
    if packed is None:
        return Reading(MALFORMED, MALFORMED, reason="it is neither hexadecimal nor an envelope")
    if len(packed.sealed) < NONCE + TAG:
        return Reading(packed.form, MALFORMED, packed.version, "it is too short to hold anything")
    secret = secrets.single if packed.version is None else secrets.versions.get(packed.version)
    if secret is None:
        lacking = "BETTER_AUTH_SECRET is not set" if packed.version is None else f"BETTER_AUTH_SECRETS has no version {packed.version}"
        return Reading(packed.form, UNREADABLE, packed.version, lacking)
    try:
        text = unseal(packed.sealed, secret)
    except CryptoError:
        return Reading(packed.form, UNREADABLE, packed.version, "it was encrypted with another secret")
    try:
        return Reading(packed.form, READABLE, packed.version, text=text.decode())
    except UnicodeDecodeError:
        return Reading(packed.form, MALFORMED, packed.version, "what it holds is no text")


def unpack(stored: str) -> Packed | None:
    """The parts of an encrypted text, None where it is none."""
    found = PACKED.fullmatch(stored)
    if not found:
        return None
    return Packed(bytes.fromhex(found["hex"]), int(found["version"]) if found["version"] is not None else None)


def unseal(sealed: bytes, secret: str) -> bytes:
    """Decrypts. Raises CryptoError where the secret is another, or the content was damaged."""
    return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[NONCE:], None, sealed[:NONCE], _key(secret))


def seal(text: str, secret: str, nonce: bytes, version: int | None = None) -> str:
    """Encrypts as Better Auth does; ``nonce`` is 24 random bytes that are never used again."""
    sealed = nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(text.encode(), None, nonce, _key(secret))
    return sealed.hex() if version is None else f"$ba${version}${sealed.hex()}"


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _parsed(text: str | None):
    try:
        return json.loads(text or "")
    except ValueError:
        return None


def _jwk(reading: Reading, content) -> Reading:
    """The reading of a key, or that it is no private key after all."""
    if isinstance(content, dict) and isinstance(content.get("kty"), str) and ("d" in content or "k" in content):
        return reading
    return Reading(reading.form, MALFORMED, reading.version, "what it holds is no private key (JWK)")
