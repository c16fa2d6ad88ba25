# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is asking: a JWT signed by the frontend (Better Auth), or the browser's session cookie of Better Auth itself."""

from __future__ import annotations

import os
from dataclasses import dataclass

import jwt
from fastapi import HTTPException, Request
from sqlalchemy import text
from sqlmodel import Session

from cookies import session_token, signing_secrets
from database import engine
from tokens import claims_of

SESSION_COOKIES = ("__Secure-better-auth.session_token", "better-auth.session_token")
SECRETS = signing_secrets(os.environ)


@dataclass(frozen=True)
class User:
    id: str
    token: str | None  # the JWT itself, to be handed on to the MCP server; None for a session cookie


def user_of_cookie(cookie: str) -> User | None:
    token = session_token(cookie, SECRETS)
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
            return User(id=claims_of(token)["sub"], token=token)
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
