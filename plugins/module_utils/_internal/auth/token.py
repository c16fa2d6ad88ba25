# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parses a token (JWT) and verifies its signature against a key set, as a service that accepts tokens does. Pure; no message holds a token."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable

from ..errors import RunbookError
from ..libraries import missing_message

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    CRYPTOGRAPHY_MISSING = False
except ImportError:
    InvalidSignature = ValueError
    CRYPTOGRAPHY_MISSING = True

NOT_A_TOKEN = "token: the response contains no token (JWT). Check that the option url is Better Auth's, and that the application uses its plugin jwt."
Verify = Callable[[dict, bytes, bytes], None]


def token_in(body: bytes) -> str:
    """The token of a response of /token. Raises RunbookError where there is none."""
    answer = json_object(body)
    token = answer.get("token") if answer else None
    if not isinstance(token, str) or not token:
        raise RunbookError(NOT_A_TOKEN)
    return token


def require_signature(token: str, key_set: bytes, url: str) -> None:
    """Raises RunbookError unless one of the keys in the response of ``url`` has signed the token."""
    if CRYPTOGRAPHY_MISSING:
        raise RunbookError(missing_message(["cryptography"]))
    header, signed, signature = _parse(token)
    keys = (json_object(key_set) or {}).get("keys")
    if not isinstance(keys, list):
        raise RunbookError(f"jwks: {url} answers with no key set. Correct the option jwks_url, or url.")
    key = next((one for one in keys if isinstance(one, dict) and one.get("kid") == header.get("kid")), None)
    if key is None:
        raise RunbookError(f"jwks: the key set at {url} lacks the key that signed the token. It is another application's, or an outdated copy.")
    verify = VERIFY.get(str(header.get("alg")))
    if verify is None:
        raise RunbookError(f"jwks: the token is signed with an algorithm that is not known, {header.get('alg')!s:.20}. Known: {', '.join(VERIFY)}.")
    try:
        verify(key, signature, signed)
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        raise RunbookError(f"jwks: the token's signature does not fit the key at {url} that it names, so no service accepts it.") from error


def json_object(body: bytes) -> dict | None:
    """The JSON object that a response consists of, None where it is anything else."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _parse(token: str) -> tuple[dict, bytes, bytes]:
    """Header, signed part and signature of a token."""
    parts = token.split(".")
    if len(parts) != 3:
        raise RunbookError(NOT_A_TOKEN)
    try:
        header, claims, signature = (_decoded(part) for part in parts)
    except (binascii.Error, ValueError) as error:
        raise RunbookError(NOT_A_TOKEN) from error
    parsed = json_object(header)
    if parsed is None or json_object(claims) is None:
        raise RunbookError(NOT_A_TOKEN)
    return parsed, f"{parts[0]}.{parts[1]}".encode(), signature


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")


def _verify_edwards(key: dict, signature: bytes, signed: bytes) -> None:
    public = {"Ed25519": ed25519.Ed25519PublicKey, "Ed448": ed448.Ed448PublicKey}[key["crv"]]
    public.from_public_bytes(_decoded(key["x"])).verify(signature, signed)


def _verify_elliptic(key: dict, signature: bytes, signed: bytes) -> None:
    curves = {"P-256": (ec.SECP256R1(), hashes.SHA256()), "P-384": (ec.SECP384R1(), hashes.SHA384()), "P-521": (ec.SECP521R1(), hashes.SHA512())}
    curve, digest = curves[key["crv"]]
    public = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), curve).public_key()
    middle = len(signature) // 2
    encoded = encode_dss_signature(int.from_bytes(signature[:middle], "big"), int.from_bytes(signature[middle:], "big"))
    public.verify(encoded, signed, ec.ECDSA(digest))


def _verify_rsa(pss: bool, bits: int) -> Verify:
    def verify(key: dict, signature: bytes, signed: bytes) -> None:
        digest = {256: hashes.SHA256, 384: hashes.SHA384, 512: hashes.SHA512}[bits]()
        scheme = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH) if pss else padding.PKCS1v15()
        rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key().verify(signature, signed, scheme, digest)

    return verify


# By the header's alg: those that Better Auth offers, and the sizes of the same kinds.
VERIFY: dict[str, Verify] = {
    "EdDSA": _verify_edwards, **{f"ES{bits}": _verify_elliptic for bits in (256, 384, 512)},
    **{f"{kind}{bits}": _verify_rsa(kind == "PS", bits) for kind in ("RS", "PS") for bits in (256, 384, 512)},
}  # fmt: skip
