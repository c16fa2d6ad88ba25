# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""audit-service: writes each event of the topic to `audit_log`, once, however often it is delivered."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Response
from sqlalchemy import Column, DateTime, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlmodel import Field, Session, SQLModel, create_engine, select
from starlette.concurrency import run_in_threadpool

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
logger = logging.getLogger("audit-service")

PUBSUB_NAME = os.environ.get("PUBSUB_NAME", "pubsub")
PUBSUB_TOPIC = os.environ.get("PUBSUB_TOPIC", "task-events")
# Replicas start at the same time, and CREATE TABLE IF NOT EXISTS is not safe against itself.
TABLES_LOCK = 7361002

engine = create_engine(os.environ["DATABASE_URL"], pool_pre_ping=True, connect_args={"connect_timeout": 5})


class WithoutProbes(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """uvicorn's access records carry (client, method, path, HTTP version, status)."""
        return not (isinstance(record.args, tuple) and len(record.args) == 5 and record.args[2] in ("/live", "/health") and record.args[4] == 200)


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


def create_tables() -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TABLES_LOCK})
        SQLModel.metadata.create_all(connection)


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


def write_audit_log(event_type: str, task_id: str | None, user_id: str | None, details: dict[str, Any]) -> bool:
    """Write one row; False when this event was written before. Raises SQLAlchemyError: the event must come again."""
    event_id = details.get("event_id")
    with Session(engine) as session:
        if event_id and already_written(session, event_id):
            logger.info("⚠️ DUPLICATE EVENT DETECTED - Idempotent skip | event_id: %s | event_type: %s", event_id, event_type)
            return False
        row = AuditLog(event_type=event_type, task_id=task_id, user_id=user_id, details=details)
        # A unique index on the event's id, where an operator has made one, has the last word.
        session.execute(insert(AuditLog).values(row.model_dump()).on_conflict_do_nothing())
        session.commit()
    logger.info("Wrote %s for task %s | event_id: %s", event_type, task_id, event_id)
    return True


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    await run_in_threadpool(wait_for_tables)
    yield


app = FastAPI(title="audit-service", lifespan=lifespan)


@app.get("/dapr/subscribe")
async def subscriptions() -> list[dict]:
    """What the sidecar asks at its start."""
    return [{"pubsubname": PUBSUB_NAME, "topic": PUBSUB_TOPIC, "route": "/events/tasks"}]


@app.post("/events/tasks")
def task_event(cloud_event: dict[str, Any]) -> dict:
    """A delivery by Dapr. SUCCESS also for what was written before; DROP for what can never be written."""
    details = cloud_event.get("data")
    if not isinstance(details, dict) or not details.get("event_type"):
        logger.error("Dropped an event without an event_type | id: %s", cloud_event.get("id"))
        return {"status": "DROP"}
    try:
        write_audit_log(details["event_type"], details.get("task_id"), details.get("user_id"), details)
    except SQLAlchemyError as error:
        logger.warning("The event %s must come again: %s", details.get("event_id"), type(error).__name__)
        return {"status": "RETRY"}
    return {"status": "SUCCESS"}


@app.get("/live")
async def live() -> dict:
    """Liveness: this process answers. A database that is away is no reason to restart it."""
    return {"status": "alive"}


@app.get("/health")
def health(response: Response) -> dict:
    try:
        with Session(engine) as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        response.status_code = 503
        return {"status": "unhealthy", "database": type(error).__name__}
    return {"status": "healthy"}
