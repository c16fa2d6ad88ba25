# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The formats in which Better Auth stores encrypted values, and which secret decrypts them. Pure.

Encrypted: lower-case hex of a 24-byte nonce, the ciphertext and a 16-byte tag (XChaCha20-Poly1305, no associated data, the key is the
SHA-256 of the secret), bare or, where secrets have versions, as ``$ba$<version>$<hex>``. A private key in the table jwks is that text
as a JSON string, or, where the application stores keys unencrypted, the JWK itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field

from ..errors import RunbookError
from ..libraries import missing_message
from .signing_secrets import SigningSecrets

try:
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt, crypto_aead_xchacha20poly1305_ietf_encrypt
    from nacl.exceptions import CryptoError

    NACL_MISSING = False
except ImportError:
    CryptoError = ValueError
    NACL_MISSING = True

BARE, ENVELOPE, UNENCRYPTED, MALFORMED = "bare", "envelope", "unencrypted", "malformed"
READABLE, UNREADABLE = "readable", "unreadable"
NONCE_SIZE = 24  # bytes
TAG_SIZE = 16  # bytes
FORMAT = re.compile(r"(?:\$ba\$(?P<version>\d+)\$)?(?P<hex>(?:[0-9a-fA-F]{2})+)")
# What may be an encrypted text, as regular expressions of PostgreSQL: anywhere in a text, and as the whole of it.
SHORTEST = 2 * (NONCE_SIZE + TAG_SIZE)  # hexadecimal digits
SQL_PATTERN = rf"(?:\$ba\$[0-9]+\$)?[0-9a-fA-F]{{{SHORTEST},}}"
SQL_FORMAT = rf"^{SQL_PATTERN}$"


@dataclass(frozen=True)
class Ciphertext:
    """An encrypted value: nonce, ciphertext and tag. ``version`` is None for the bare format."""

    data: bytes = field(repr=False)
    version: int | None = None

    @property
    def form(self) -> str:
        """BARE or ENVELOPE."""
        return BARE if self.version is None else ENVELOPE


@dataclass(frozen=True)
class DecryptResult:
    """The result of decrypting a stored value. ``form``: how it is stored, ``state``: READABLE, UNREADABLE, UNENCRYPTED or MALFORMED.

    ``version``: that of an envelope. ``reason``: why it is not readable. ``text``: the plaintext, where it is readable.
    """

    form: str
    state: str
    version: int | None = None
    reason: str = ""
    text: str | None = field(default=None, repr=False)


def require_nacl() -> None:
    """Raises RunbookError where PyNaCl, which decrypts, is missing."""
    if NACL_MISSING:
        raise RunbookError(missing_message(["nacl"]))


def decrypt_private_key(stored: str, secrets: SigningSecrets) -> DecryptResult:
    """Decrypts a private key of the table jwks."""
    try:
        content = json.loads(stored)
    except ValueError:
        return DecryptResult(MALFORMED, MALFORMED, reason="it is not valid JSON")
    if isinstance(content, dict):
        return _require_jwk(DecryptResult(UNENCRYPTED, UNENCRYPTED, text=stored), content)
    if not isinstance(content, str):
        return DecryptResult(MALFORMED, MALFORMED, reason="it is neither a string nor a JWK")
    result = decrypt_text(content, secrets)
    return _require_jwk(result, _parse_json(result.text)) if result.state == READABLE else result


def decrypt_text(stored: str, secrets: SigningSecrets) -> DecryptResult:
    """Decrypts any other value that Better Auth encrypts: two-factor secrets, backup codes, OAuth tokens. There is no JSON around it."""
    parsed = parse_ciphertext(stored)
    if parsed is None:
        return DecryptResult(MALFORMED, MALFORMED, reason="it is neither hexadecimal nor an envelope")
    if len(parsed.data) < NONCE_SIZE + TAG_SIZE:
        return DecryptResult(parsed.form, MALFORMED, parsed.version, "it is too short for a ciphertext")
    secret = secrets.single if parsed.version is None else secrets.versions.get(parsed.version)
    if secret is None:
        reason = "BETTER_AUTH_SECRET is not set" if parsed.version is None else f"BETTER_AUTH_SECRETS has no version {parsed.version}"
        return DecryptResult(parsed.form, UNREADABLE, parsed.version, reason)
    try:
        text = decrypt(parsed.data, secret)
    except CryptoError:
        return DecryptResult(parsed.form, UNREADABLE, parsed.version, "it was encrypted with a different secret")
    try:
        return DecryptResult(parsed.form, READABLE, parsed.version, text=text.decode())
    except UnicodeDecodeError:
        return DecryptResult(parsed.form, MALFORMED, parsed.version, "the decrypted value is not valid UTF-8")


def parse_ciphertext(stored: str) -> Ciphertext | None:
    """The parts of an encrypted text, None where it is not one."""
    match = FORMAT.fullmatch(stored)
    if not match:
        return None
    return Ciphertext(bytes.fromhex(match["hex"]), int(match["version"]) if match["version"] is not None else None)


def decrypt(data: bytes, secret: str) -> bytes:
    """Decrypts nonce, ciphertext and tag. Raises CryptoError where the secret is a different one, or the data is damaged."""
    return crypto_aead_xchacha20poly1305_ietf_decrypt(data[NONCE_SIZE:], None, data[:NONCE_SIZE], _key(secret))


def encrypt(text: str, secret: str, nonce: bytes, version: int | None = None) -> str:
    """Encrypts as Better Auth does; ``nonce`` is 24 random bytes that are never used again."""
    data = nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(text.encode(), None, nonce, _key(secret))
    return data.hex() if version is None else f"$ba${version}${data.hex()}"


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _parse_json(text: str | None):
    try:
        return json.loads(text or "")
    except ValueError:
        return None


def _require_jwk(result: DecryptResult, content) -> DecryptResult:
    """The result for a private key; MALFORMED where the content is not one."""
    if isinstance(content, dict) and isinstance(content.get("kty"), str) and ("d" in content or "k" in content):
        return result
    return DecryptResult(result.form, MALFORMED, result.version, "its content is not a private key (JWK)")
