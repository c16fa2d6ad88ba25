# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hands the events of the outbox to Dapr: at least once, each with its own event_id, also after Dapr was away.

An event that fails is tried again after a pause that grows, and only the later events of its own task wait for it.
"""

from __future__ import annotations

import logging
import os
import threading
import time

import httpx
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased
from sqlmodel import Session, select

from database import engine
from limits import Backoff
from models import OutboxEvent

logger = logging.getLogger(__name__)

PUBLISH_URL = "http://127.0.0.1:{port}/v1.0/publish/{pubsub}/{topic}".format(
    port=os.environ.get("DAPR_HTTP_PORT", "3500"),
    pubsub=os.environ.get("PUBSUB_NAME", "pubsub"),
    topic=os.environ.get("PUBSUB_TOPIC", "task-events"),
)
RETRY_SECONDS = 5.0


def next_event(session: Session, waiting: list[str]) -> OutboxEvent | None:
    """The oldest event that is neither `waiting` nor later than another of its task, locked until the transaction ends.

    One that another replica is publishing is skipped.
    """
    earlier = aliased(OutboxEvent)
    same_task = earlier.payload["task_id"].astext == OutboxEvent.payload["task_id"].astext
    is_first = ~select(earlier).where(same_task, earlier.created_at < OutboxEvent.created_at).exists()
    due = select(OutboxEvent).where(OutboxEvent.event_id.not_in(waiting), is_first).order_by(OutboxEvent.created_at)
    return session.exec(due.limit(1).with_for_update(skip_locked=True)).first()


def publish_next(client: httpx.Client, backoff: Backoff) -> bool:
    """Publish one event. False when there is no further one, or when Dapr or the broker is away.

    Its row goes only after the broker has the event.
    """
    with Session(engine) as session:
        event = next_event(session, backoff.waiting(time.monotonic()))
        if event is None:
            return False
        try:
            client.post(PUBLISH_URL, json=event.payload).raise_for_status()
        except httpx.HTTPError as error:
            pause = backoff.failed(event.event_id, time.monotonic())
            reason = str(error).partition("\n")[0]
            logger.warning("Event %s stays in the outbox, next attempt in %.0f s: %s", event.event_id, pause, reason)
            return isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error  # only this event is refused
        logger.info("Published %(event_type)s event: %(event_id)s for task %(task_id)s", event.payload)
        session.delete(event)
        session.commit()
    return True


class OutboxPublisher(threading.Thread):
    """Publishes when woken, and every few seconds what was left over."""

    def __init__(self) -> None:
        super().__init__(name="outbox", daemon=True)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._backoff = Backoff(first=RETRY_SECONDS, longest=60)

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        """End after a last attempt; what still waits is published by another replica or after the restart."""
        self._stopping.set()
        self.wake()
        self.join(timeout=10)

    def run(self) -> None:
        with httpx.Client(timeout=5) as client:
            while not self._stopping.is_set():
                self._wake.wait(RETRY_SECONDS)
                self._wake.clear()
                self._publish(client)

    def _publish(self, client: httpx.Client) -> None:
        try:
            while publish_next(client, self._backoff):
                pass
        except SQLAlchemyError as error:
            logger.warning("The outbox cannot be read, next attempt in %.0f s: %s", RETRY_SECONDS, type(error).__name__)
