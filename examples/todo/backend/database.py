# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to PostgreSQL, and the tables that this code owns."""

from __future__ import annotations

import logging
import os
import time

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, create_engine

from models import IdempotencyRequest, OutboxEvent, Task

logger = logging.getLogger(__name__)

OWN_TABLES = [Task.__table__, OutboxEvent.__table__, IdempotencyRequest.__table__]
# Replicas start at the same time, and CREATE TABLE IF NOT EXISTS is not safe against itself.
TABLES_LOCK = 7361001

# A pool that finds a dead connection replaces it, so a restarted database costs no failed request.
engine = create_engine(
    os.environ["DATABASE_URL"], pool_pre_ping=True, pool_size=5, max_overflow=10, connect_args={"connect_timeout": 5}
)


def ping() -> None:
    """Ask the database something; raises SQLAlchemyError when it does not answer."""
    with Session(engine) as session:
        session.execute(text("SELECT 1"))


def create_tables() -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TABLES_LOCK})
        SQLModel.metadata.create_all(connection, tables=OWN_TABLES)


def wait_for_tables(pause_seconds: float = 1.0) -> None:
    """Make the tables, waiting for a database that is still starting: the startup probe decides how long is too long."""
    while True:
        try:
            return create_tables()
        except OperationalError as error:
            logger.warning("The database does not answer yet: %s", str(error.orig).strip())
            time.sleep(pause_seconds)
