# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The requests that are executed once. PostgreSQL decides which of two is the first, also between replicas.

A row without a response is a claim: the work is being done. Its process renews it (claims.py); once that has died, the
claim expires, and the next request with the key does the work. All of this is short transactions, which a pooler in
transaction mode serves as well.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

import metrics
from claims import CLAIM, keeper, table
from database import engine
from idempotency import KeyedRequest, Known, known_as

logger = logging.getLogger(__name__)

ENABLED = os.environ.get("REQUEST_IDEMPOTENCY", "on") != "off"
ATTEMPTS = 3
duplicates = metrics.duplicates("request")


class AlreadyKnown(Exception):
    """The request is not executed, and there is no response to return: `known` says why."""

    def __init__(self, known: Known) -> None:
        super().__init__(known.value)
        self.known = known


@dataclass(frozen=True)
class Claim:
    """The right to execute a request, or the response of the one that did."""

    request: KeyedRequest
    owner: str = ""  # empty if there is a response, and if this layer is off
    response: str | None = None


def claim(request: KeyedRequest) -> Claim:
    """Raises AlreadyKnown for a request that is in flight, or whose key was used with another body."""
    if not ENABLED:
        return Claim(request)
    for _attempt in range(ATTEMPTS):
        mine = Claim(request, owner=str(uuid.uuid4()))
        with engine.begin() as connection:
            taken = connection.execute(_take(mine)).first()
            stored = None if taken else connection.execute(_stored(request)).first()
        if taken:
            keeper.hold(mine.owner)
            return mine
        if stored:  # otherwise the first one has failed just now, and its key is free
            return _repeated(request, stored)
    raise AlreadyKnown(Known.IN_FLIGHT)


@contextmanager
def executing(claim: Claim) -> Iterator[None]:
    """An attempt that fails frees the key, so that the next one is executed."""
    try:
        yield
    except Exception:
        free(claim)
        raise
    finally:
        keeper.drop(claim.owner)


def store(session: Session, claim: Claim, response: str) -> None:
    """Store the response, to be committed with the work where that is in the same database.

    Raises AlreadyKnown if the claim has expired and the key is another request's: then the work must not be committed.
    """
    if not claim.owner:
        return
    session.flush()  # the work before the row's lock, for which the same request from elsewhere and the renewal would wait
    stored = update(table).where(*_row(claim.request), table.c.owner == claim.owner)
    values = {"response": response, "expires_at": func.now() + claim.request.kept}
    if session.execute(stored.values(values)).rowcount == 0:
        raise AlreadyKnown(Known.IN_FLIGHT)


def store_alone(claim: Claim, response: str) -> None:
    with Session(engine) as session:
        store(session, claim, response)
        session.commit()


def free(claim: Claim) -> None:
    """Remove the claim of an attempt that has failed."""
    if not claim.owner:
        return
    unanswered = table.c.owner == claim.owner, table.c.response.is_(None)
    try:
        with engine.begin() as connection:
            connection.execute(delete(table).where(*_row(claim.request), *unanswered))
    except SQLAlchemyError as error:
        logger.warning("The key of a failed request is free in %d s only: %s", CLAIM.total_seconds(), type(error).__name__)


def _row(request: KeyedRequest) -> tuple:
    return table.c.user_id == request.user_id, table.c.route == request.route, table.c.key == request.key


def _stored(request: KeyedRequest):
    return select(table.c.body_hash, table.c.response, table.c.created_at, func.clock_timestamp()).where(*_row(request))


def _take(claim: Claim) -> Insert:
    """Inserts the claim, also in the place of an expired row; returns a row if it did."""
    request = claim.request
    new = insert(table).values(
        user_id=request.user_id, route=request.route, key=request.key, body_hash=request.body_hash,
        owner=claim.owner, response=None, created_at=func.now(), expires_at=func.now() + CLAIM,
    )
    replaced = {name: new.excluded[name] for name in ("body_hash", "owner", "response", "created_at", "expires_at")}
    has_expired = table.c.expires_at < func.now()
    return new.on_conflict_do_update(index_elements=table.primary_key, set_=replaced, where=has_expired).returning(table.c.owner)


def _repeated(request: KeyedRequest, stored: Row) -> Claim:
    body_hash, response, created_at, now = stored
    known = known_as(request, body_hash, response)
    if known is Known.OTHER_BODY:
        raise AlreadyKnown(known)
    duplicates.increment()
    _log(request, known, now - created_at)
    if known is Known.IN_FLIGHT:
        raise AlreadyKnown(known)
    return Claim(request, response=response)


def _log(request: KeyedRequest, known: Known, age: timedelta) -> None:
    action = "Returning stored response" if known is Known.ANSWERED else "The first is in flight"
    user, seconds = request.user_id[:20], age.total_seconds()
    logger.warning("⚠️  DUPLICATE REQUEST DETECTED - %s | user: %s... | route: %s | age: %.1fs", action, user, request.route, seconds)
