# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The JWTs that the frontend signs with Better Auth, and the public keys that verify them."""

from __future__ import annotations

import os
import time
from typing import Any

import jwt

from limits import RateLimit, Recent

AUTH_URL = os.environ["BETTER_AUTH_URL"]
JWKS_URL = os.environ.get("JWKS_URL", "http://frontend:3000/api/auth/jwks")
ALGORITHMS = ["EdDSA", "ES256", "ES512", "PS256", "RS256"]


class KeySet(jwt.PyJWKClient):
    """The frontend's public keys, cached for five minutes.

    A key signs as soon as it is made, so a token of an unknown key is a reason to fetch the keys at once. As anybody can make
    up such tokens, fetches are limited, and a key that the frontend does not have is not asked for again within seconds.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, lifespan=300, cooldown_duration=0, timeout=5)
        self._fetches = RateLimit(calls=5, seconds=5)
        self._missing = Recent(seconds=5)

    def get_signing_key(self, kid: str) -> jwt.PyJWK:
        if self._missing.has(kid, time.monotonic()):
            raise jwt.PyJWKClientError("the frontend has no such key")
        try:
            return super().get_signing_key(kid)
        except jwt.PyJWKClientConnectionError:
            raise
        except jwt.PyJWKClientError:
            self._missing.add(kid, time.monotonic())
            raise

    def fetch_data(self) -> Any:
        if not self._fetches.allow(time.monotonic()):
            raise jwt.PyJWKClientConnectionError("the frontend's keys were fetched too often")
        return super().fetch_data()


keys = KeySet(JWKS_URL)


def claims_of(token: str) -> dict[str, Any]:
    """Raises jwt.PyJWTError for a token that is not valid, and of these jwt.PyJWKClientConnectionError when nobody can tell."""
    key = keys.get_signing_key_from_jwt(token)  # with its algorithm, so that a token of another one is refused
    return jwt.decode(token, key, algorithms=ALGORITHMS, audience=AUTH_URL, issuer=AUTH_URL, options={"require": ["exp", "sub"]})
