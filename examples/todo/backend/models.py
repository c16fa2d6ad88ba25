# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables of the application, one class each.

`task`, `event_outbox` and `idempotency_request` belong to this code. `audit_log` belongs to audit-service, which makes and writes it;
its class stands here to be read from the backend's pod.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def new_id() -> str:
    return str(uuid.uuid4())


def now() -> datetime:
    return datetime.now(UTC)


def timestamp_column(**options: Any) -> Column:
    """A timestamp with time zone; a fresh Column each call, as SQLAlchemy wants."""
    return Column(DateTime(timezone=True), **options)


class Task(SQLModel, table=True):
    id: str = Field(default_factory=new_id, primary_key=True)
    user_id: str = Field(index=True)
    title: str
    description: str = ""
    completed: bool = False
    created_at: datetime = Field(default_factory=now, sa_column=timestamp_column(nullable=False, index=True))


class OutboxEvent(SQLModel, table=True):
    """An event that was committed with its task and is not yet handed to the broker."""

    __tablename__ = "event_outbox"

    event_id: str = Field(primary_key=True)
    payload: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_column=timestamp_column(nullable=False))


class IdempotencyRequest(SQLModel, table=True):
    """A request that is executed once: being executed while it has no response, and then its response."""

    __tablename__ = "idempotency_request"

    user_id: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_hash: str
    owner: str = Field(index=True)  # one attempt to execute it
    response: str | None = None
    created_at: datetime = Field(sa_column=timestamp_column(nullable=False))
    expires_at: datetime = Field(sa_column=timestamp_column(nullable=False, index=True))


class AuditLog(SQLModel, table=True):
    __tablename__ = "audit_log"

    id: str = Field(default_factory=new_id, primary_key=True)
    event_type: str = Field(index=True)
    task_id: str | None = Field(default=None, index=True)
    user_id: str | None = None
    timestamp: datetime = Field(default_factory=now, sa_column=timestamp_column(nullable=False, index=True))
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
