# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cookies that Better Auth signs, `token.signature`, and the secrets that verify them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import unquote


def signing_secrets(environment: Mapping[str, str]) -> list[str]:
    """Every secret whose cookies are accepted: those of BETTER_AUTH_SECRETS (`2:newest,1:older`), then BETTER_AUTH_SECRET.

    During a rotation the frontend signs with either, as its old and its new pods serve side by side.
    Raises ValueError for a list that Better Auth would refuse too.
    """
    listed = environment.get("BETTER_AUTH_SECRETS", "")
    secrets = [_secret_of(entry, position) for position, entry in enumerate(listed.split(","), 1)] if listed else []
    return [*secrets, environment["BETTER_AUTH_SECRET"]]


def _secret_of(entry: str, position: int) -> str:
    version, _colon, secret = entry.partition(":")
    if not version.strip().isdecimal() or not secret.strip():
        raise ValueError(f"BETTER_AUTH_SECRETS, entry {position}: expected <version>:<secret>")
    return secret.strip()


def signed_by(token: str, signature: str, secret: str) -> bool:
    expected = base64.b64encode(hmac.digest(secret.encode(), token.encode(), hashlib.sha256))
    return hmac.compare_digest(signature.encode(), expected)  # bytes: a str has to be ASCII there


def session_token(cookie: str, secrets: Iterable[str]) -> str | None:
    """The session's token out of a signed cookie, None if none of the secrets has signed it."""
    token, _dot, signature = unquote(cookie).rpartition(".")
    return token if any(signed_by(token, signature, secret) for secret in secrets) else None
