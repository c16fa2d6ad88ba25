# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hands the events of the outbox to Dapr: at least once, each with its own event_id, also after Dapr was away."""

from __future__ import annotations

import logging
import os
import threading

import httpx
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from database import engine
from models import OutboxEvent

logger = logging.getLogger(__name__)

PUBLISH_URL = "http://127.0.0.1:{port}/v1.0/publish/{pubsub}/{topic}".format(
    port=os.environ.get("DAPR_HTTP_PORT", "3500"),
    pubsub=os.environ.get("PUBSUB_NAME", "pubsub"),
    topic=os.environ.get("PUBSUB_TOPIC", "task-events"),
)
RETRY_SECONDS = 5.0
BATCH = 20


def publish_pending(client: httpx.Client) -> int:
    """Publish what waits in the outbox, oldest first, and return how many.

    Rows that another replica is publishing are skipped. A row goes only after the broker has the event.
    Raises httpx.HTTPError when Dapr refuses or is away: the remaining rows stay.
    """
    with Session(engine) as session:
        waiting = select(OutboxEvent).order_by(OutboxEvent.created_at).limit(BATCH).with_for_update(skip_locked=True)
        events = session.exec(waiting).all()
        try:
            for event in events:
                client.post(PUBLISH_URL, json=event.payload).raise_for_status()
                session.delete(event)
                logger.info("Published %(event_type)s event: %(event_id)s for task %(task_id)s", event.payload)
        finally:
            session.commit()
    return len(events)


class OutboxPublisher(threading.Thread):
    """Publishes when woken, and every few seconds what was left over."""

    def __init__(self) -> None:
        super().__init__(name="outbox", daemon=True)
        self._wake = threading.Event()
        self._stopping = threading.Event()

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
            while publish_pending(client) == BATCH:
                pass
        except (httpx.HTTPError, SQLAlchemyError) as error:
            logger.warning("Events wait in the outbox, next attempt in %.0f s: %s", RETRY_SECONDS, error)
