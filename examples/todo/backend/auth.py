# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is asking: a JWT signed by the frontend (Better Auth), or the browser's session cookie of Better Auth itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from urllib.parse import unquote

import jwt
from fastapi import HTTPException, Request
from sqlalchemy import text
from sqlmodel import Session

from database import engine

AUTH_URL = os.environ["BETTER_AUTH_URL"]
JWKS_URL = os.environ.get("JWKS_URL", "http://frontend:3000/api/auth/jwks")
ALGORITHMS = ["EdDSA", "ES256", "ES512", "PS256", "RS256"]
SESSION_COOKIES = ("__Secure-better-auth.session_token", "better-auth.session_token")

# Keeps the key set for five minutes, and asks at once when a token names a key that is not in it: a key signs as soon as it is made.
jwks = jwt.PyJWKClient(JWKS_URL, lifespan=300, cooldown_duration=0, timeout=5)


@dataclass(frozen=True)
class User:
    id: str
    token: str | None  # the JWT itself, to be handed on to the MCP server; None for a session cookie


def user_of_token(token: str) -> User:
    """Raises jwt.PyJWTError for a token that is not valid, and jwt.PyJWKClientConnectionError when nobody can tell."""
    key = jwks.get_signing_key_from_jwt(token).key
    claims = jwt.decode(token, key, algorithms=ALGORITHMS, audience=AUTH_URL, issuer=AUTH_URL, options={"require": ["exp", "sub"]})
    return User(id=claims["sub"], token=token)


def session_token(cookie: str, secret: str) -> str | None:
    """The session's token out of a signed cookie (`token.signature`), None when the signature is not by this secret."""
    token, _dot, signature = unquote(cookie).rpartition(".")
    expected = base64.b64encode(hmac.digest(secret.encode(), token.encode(), hashlib.sha256)).decode()
    return token if hmac.compare_digest(signature, expected) else None


def user_of_cookie(cookie: str) -> User | None:
    token = session_token(cookie, os.environ["BETTER_AUTH_SECRET"])
    if token is None:
        return None
    query = text('SELECT "userId" FROM session WHERE token = :token AND "expiresAt" > now()')
    with Session(engine) as session:
        row = session.execute(query, {"token": token}).first()
    return User(id=row[0], token=None) if row else None


def current_user(request: Request) -> User:
    """FastAPI dependency. 401 without a valid token or session; 503 when the signing keys cannot be fetched."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() == "bearer":
            return user_of_token(token)
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "the frontend's signing keys cannot be fetched") from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, f"invalid token: {error}") from error
    cookie = next((request.cookies[name] for name in SESSION_COOKIES if name in request.cookies), None)
    user = user_of_cookie(cookie) if cookie else None
    if user is None:
        raise HTTPException(401, "sign in first")
    return user


def token_user(request: Request) -> User:
    """As current_user, for what hands the token on: a cookie is not enough."""
    user = current_user(request)
    if user.token is None:
        raise HTTPException(401, "this needs a token: GET /api/auth/token at the frontend")
    return user
