# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The claims of this process: rows of idempotency_request without a response, whose work is being done here."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.exc import SQLAlchemyError

from database import engine
from models import IdempotencyRequest

logger = logging.getLogger(__name__)

# A claim that was not renewed for so long is that of a process that died.
CLAIM = timedelta(seconds=20)
RENEWAL_SECONDS = 5.0
table = IdempotencyRequest.__table__


class ClaimKeeper(threading.Thread):
    """Renews the claims of this process while it works on them, and removes expired rows."""

    def __init__(self) -> None:
        super().__init__(name="claims", daemon=True)
        self._owners: set[str] = set()
        self._stopping = threading.Event()

    def hold(self, owner: str) -> None:
        self._owners.add(owner)

    def drop(self, owner: str) -> None:
        self._owners.discard(owner)

    def stop(self) -> None:
        self._stopping.set()
        self.join(timeout=10)

    def run(self) -> None:
        while not self._stopping.wait(RENEWAL_SECONDS):
            try:
                self._renew()
                self._remove_expired()
            except SQLAlchemyError as error:
                logger.warning("The claims are not renewed, next attempt in %.0f s: %s", RENEWAL_SECONDS, type(error).__name__)

    def _renew(self) -> None:
        owners = self._owners.copy()
        if not owners:
            return
        with engine.begin() as connection:
            mine = table.c.owner.in_(owners), table.c.response.is_(None)
            connection.execute(update(table).where(*mine).values(expires_at=func.now() + CLAIM))

    def _remove_expired(self) -> None:
        with engine.begin() as connection:
            connection.execute(delete(table).where(table.c.expires_at < func.now()))


keeper = ClaimKeeper()
