# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tokens and key sets as Better Auth makes them, of every algorithm that it offers."""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ID = "Xot8fPNW4IDap7NjxUazKt2GbzvdNHYk"
SIZES = {"P-256": (32, hashes.SHA256), "P-521": (66, hashes.SHA512)}


def edwards_key() -> ed25519.Ed25519PrivateKey:
    """A key of Better Auth's default algorithm."""
    return ed25519.Ed25519PrivateKey.generate()


def key_for(algorithm: str):
    """A private key of an algorithm."""
    if algorithm == "EdDSA":
        return edwards_key()
    if algorithm.startswith("ES"):
        return ec.generate_private_key(ec.SECP256R1() if algorithm == "ES256" else ec.SECP521R1())
    return rsa.generate_private_key(65537, 2048)


def signed(key, algorithm: str, key_id: str = ID, claims: dict | None = None) -> str:
    """A token."""
    header = {"alg": algorithm, "kid": key_id}
    content = ".".join(text_of(json.dumps(part).encode()) for part in (header, {"sub": "1"} if claims is None else claims))
    return f"{content}.{text_of(_signature(key, algorithm, content.encode()))}"


def key_set(key, algorithm: str, key_id: str = ID) -> dict:
    """The response of /jwks."""
    return {"keys": [{"kid": key_id, "alg": algorithm, **_public(key, algorithm)}]}


def text_of(data: bytes) -> str:
    """Base64 as in a URL, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(key, algorithm: str, content: bytes) -> bytes:
    if algorithm == "EdDSA":
        return key.sign(content)
    if algorithm.startswith("ES"):
        size, digest = SIZES[_curve(algorithm)]
        return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(key.sign(content, ec.ECDSA(digest()))))
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return key.sign(content, pss if algorithm == "PS256" else padding.PKCS1v15(), hashes.SHA256())


def _public(key, algorithm: str) -> dict:
    public = key.public_key()
    if algorithm == "EdDSA":
        return {"kty": "OKP", "crv": "Ed25519", "x": text_of(public.public_bytes_raw())}
    numbers = public.public_numbers()
    if algorithm.startswith("ES"):
        size, _digest = SIZES[_curve(algorithm)]
        return {"kty": "EC", "crv": _curve(algorithm), **{name: text_of(getattr(numbers, name).to_bytes(size, "big")) for name in ("x", "y")}}
    return {"kty": "RSA", "n": text_of(numbers.n.to_bytes(256, "big")), "e": text_of(numbers.e.to_bytes(3, "big"))}


def _curve(algorithm: str) -> str:
    return "P-256" if algorithm == "ES256" else "P-521"
