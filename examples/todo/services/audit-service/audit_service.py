# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""audit-service: writes each event of the topic to `audit_log`, once, however often it is delivered."""

from __future__ import annotations

import hmac
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, StringConstraints, ValidationError
from sqlalchemy import Column, DateTime, Index, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, create_engine, select
from starlette.concurrency import run_in_threadpool

import duplicates

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
logger = logging.getLogger("audit-service")

ENABLED = os.environ.get("EVENT_IDEMPOTENCY", "on") != "off"
PUBSUB_NAME = os.environ.get("PUBSUB_NAME", "pubsub")
PUBSUB_TOPIC = os.environ.get("PUBSUB_TOPIC", "task-events")
# Replicas start at the same time, and CREATE TABLE IF NOT EXISTS is not safe against itself.
TABLES_LOCK = 7361002
# Dapr sends it with each of its calls; see the annotation dapr.io/app-token-secret.
APP_API_TOKEN = os.environ["APP_API_TOKEN"]
# SQLSTATE's classes for what no repetition changes: data that PostgreSQL does not store, constraints, and limits of a row.
PERMANENT_ERRORS = ("22", "23", "54")
UNLOGGED = ("/live", "/health", "/metrics")

engine = create_engine(os.environ["DATABASE_URL"], pool_pre_ping=True, connect_args={"connect_timeout": 5})


class WithoutProbes(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """uvicorn's access records carry (client, method, path, HTTP version, status)."""
        return not (isinstance(record.args, tuple) and len(record.args) == 5 and record.args[2] in UNLOGGED and record.args[4] == 200)


logging.getLogger("uvicorn.access").addFilter(WithoutProbes())


class AuditLog(SQLModel, table=True):
    __tablename__ = "audit_log"

    id: str = Field(default_factory=lambda: str(uuid.uuid4()), primary_key=True)
    event_type: str = Field(index=True)
    task_id: str | None = Field(default=None, index=True)
    user_id: str | None = None
    timestamp: datetime = Field(
        default_factory=lambda: datetime.now(UTC), sa_column=Column(DateTime(timezone=True), nullable=False, index=True)
    )
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))


# Finds the event of an id. Not unique, as a table that has duplicates could not have it then.
EVENT_ID_INDEX = Index("ix_audit_log_event_id", text("(details->>'event_id')"), _table=AuditLog.__table__)


# PostgreSQL stores no NUL in a text, and indexes no long one.
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Event(BaseModel, extra="allow"):
    event_type: Name
    event_id: Name | None = None
    task_id: Name | None = None
    user_id: Name | None = None


class CloudEvent(BaseModel):
    """What Dapr delivers: the event in its envelope."""

    data: Event


def create_tables() -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TABLES_LOCK})
        SQLModel.metadata.create_all(connection)
        EVENT_ID_INDEX.create(connection, checkfirst=True)  # a table of an earlier version has none


def wait_for_tables(pause_seconds: float = 1.0) -> None:
    """Make the table, waiting for a database that is still starting: the startup probe decides how long is too long."""
    while True:
        try:
            return create_tables()
        except OperationalError as error:
            logger.warning("The database does not answer yet: %s", str(error.orig).strip())
            time.sleep(pause_seconds)


def already_written(session: Session, event_id: str) -> bool:
    """Whether the event stands in the log. Holds a lock on its id until the end of the transaction, so that of two
    deliveries at the same time the second waits for the first and then finds its row."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:event_id, 0))"), {"event_id": event_id})
    known = select(AuditLog.id).where(text("details->>'event_id' = :event_id")).params(event_id=event_id)
    return session.exec(known).first() is not None


def write_audit_log(event: Event) -> bool:
    """Write one row; False when this event was written before. Raises SQLAlchemyError."""
    with Session(engine) as session:
        if ENABLED and event.event_id and already_written(session, event.event_id):
            duplicates.increment()
            logger.info("⚠️ DUPLICATE EVENT DETECTED - Idempotent skip | event_id: %s | event_type: %s", event.event_id, event.event_type)
            return False
        details = event.model_dump(exclude_unset=True)
        row = AuditLog(event_type=event.event_type, task_id=event.task_id, user_id=event.user_id, details=details)
        # A unique index on the event's id, where an operator has made one, has the last word.
        session.execute(insert(AuditLog).values(row.model_dump()).on_conflict_do_nothing())
        session.commit()
    logger.info("Wrote %s for task %s | event_id: %s", event.event_type, event.task_id, event.event_id)
    return True


def deliver(event: Event) -> str:
    """Dapr's status of the delivery: SUCCESS also for what was written before, RETRY for what may be written later."""
    try:
        write_audit_log(event)
    except SQLAlchemyError as error:
        sqlstate = getattr(error.orig, "pgcode", None) if isinstance(error, DBAPIError) else None
        if (sqlstate or "").startswith(PERMANENT_ERRORS):
            logger.error("Dropped the event %s, which the database refuses: SQLSTATE %s", event.event_id, sqlstate)
            return "DROP"
        logger.warning("The event %s must come again: %s", event.event_id, type(error).__name__)
        return "RETRY"
    return "SUCCESS"


def require_dapr(request: Request) -> None:
    """FastAPI dependency. 401 for a caller that is not the sidecar: anybody in the cluster's network can call this port."""
    if not hmac.compare_digest(request.headers.get("dapr-api-token", "").encode(), APP_API_TOKEN.encode()):
        raise HTTPException(401, "only Dapr may call this")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    await run_in_threadpool(wait_for_tables)
    yield


app = FastAPI(title="audit-service", lifespan=lifespan)


@app.get("/dapr/subscribe", dependencies=[Depends(require_dapr)])
async def subscriptions() -> list[dict]:
    """What the sidecar asks at its start."""
    return [{"pubsubname": PUBSUB_NAME, "topic": PUBSUB_TOPIC, "route": "/events/tasks"}]


@app.post("/events/tasks", dependencies=[Depends(require_dapr)])
async def task_event(request: Request) -> dict:
    """A delivery by Dapr, which repeats it for any answer but SUCCESS and DROP: DROP is for what can never be written."""
    try:
        event = CloudEvent.model_validate_json(await request.body()).data
    except ValidationError as error:
        logger.error("Dropped an event of another form: %s", error.errors(include_url=False, include_input=False, include_context=False))
        return {"status": "DROP"}
    return {"status": await run_in_threadpool(deliver, event)}


@app.get("/live")
async def live() -> dict:
    """Liveness: this process answers. A database that is away is no reason to restart it."""
    return {"status": "alive"}


@app.get("/metrics")
async def counters() -> Response:
    return Response(duplicates.text(), media_type="text/plain; version=0.0.4")


@app.get("/health")
def health(response: Response) -> dict:
    try:
        with Session(engine) as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        response.status_code = 503
        return {"status": "unhealthy", "database": type(error).__name__}
    return {"status": "healthy"}
