# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""mcp-server: the tools of the chat's agent. Whose tasks they touch is said by the caller's token, never by the model."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import jwt
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.auth import AccessToken, TokenVerifier
from fastmcp.server.dependencies import TokenClaim
from sqlalchemy import func, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import logs
import metrics
import tasks
from database import engine, ping, wait_for_tables
from events import OutboxPublisher
from models import Task, now
from tokens import claims_of

logs.configure()
logger = logging.getLogger("mcp-server")

ENABLED = os.environ.get("TOOL_IDEMPOTENCY", "on") != "off"
TASK_CACHE_TTL_SECONDS = 60
duplicates = metrics.duplicates("tool")
outbox = OutboxPublisher()


class Verifier(TokenVerifier):
    """Accepts the tokens that backend-api accepts."""

    async def verify_token(self, token: str) -> AccessToken | None:
        try:
            claims = await run_in_threadpool(claims_of, token)
        except jwt.PyJWTError as error:
            logger.info("Refused a token: %s", type(error).__name__)
            return None
        return AccessToken(token=token, client_id=claims["sub"], scopes=[], expires_at=int(claims["exp"]), claims=claims)


@asynccontextmanager
async def lifespan(_server: FastMCP) -> AsyncIterator[None]:
    await run_in_threadpool(wait_for_tables)
    outbox.start()
    yield
    await run_in_threadpool(outbox.stop)


mcp = FastMCP("todo", lifespan=lifespan, auth=Verifier())


def view(task: Task) -> dict:
    return {"id": task.id, "title": task.title, "completed": task.completed, "created_at": task.created_at.isoformat()}


def creation_lock(user_id: str, title: str) -> int:
    """A key for pg_advisory_xact_lock: the same for the same creation, also in another replica."""
    digest = hashlib.sha256(f"{user_id}\0{title.strip().lower()}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def recent_task(session: Session, user_id: str, title: str) -> Task | None:
    """The same open task, made within the window.

    The agent's SDK may call a tool twice, milliseconds apart and over two connections: the second waits here until the
    transaction of the first has ended.
    """
    if not ENABLED:
        return None
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": creation_lock(user_id, title)})
    since = now() - timedelta(seconds=TASK_CACHE_TTL_SECONDS)
    same = select(Task).where(Task.user_id == user_id, func.lower(Task.title) == title.strip().lower())
    return session.exec(same.where(Task.created_at > since, Task.completed.is_(False))).first()


@mcp.tool
def add_task(title: tasks.Title, description: tasks.Description = "", user_id: str = TokenClaim("sub")) -> dict:
    """Add a task to the user's list."""
    with Session(engine, expire_on_commit=False) as session:
        known = recent_task(session, user_id, title)
        if known is not None:
            duplicates.increment()
            logger.warning("⚠️  DUPLICATE TASK CREATION DETECTED - Returning cached task | user: %s... | task: %s", user_id[:20], known.id)
            return {"status": "success", "data": view(known), "idempotent": True}
        task = tasks.create_task(session, user_id, title, description)
        session.commit()
    outbox.wake()
    return {"status": "success", "data": view(task)}


@mcp.tool
def list_tasks(user_id: str = TokenClaim("sub")) -> dict:
    """List the user's tasks, oldest first."""
    with Session(engine) as session:
        return {"status": "success", "data": [view(task) for task in tasks.list_tasks(session, user_id)]}


@mcp.tool
def complete_task(task: tasks.Title, user_id: str = TokenClaim("sub")) -> dict:
    """Complete a task, named by its id or its title."""
    wanted = task.strip().lower()
    with Session(engine, expire_on_commit=False) as session:
        found = [each for each in tasks.list_tasks(session, user_id) if wanted in (each.id, each.title.lower())]
        if not found:
            raise ToolError(f"there is no task {task!r}")
        chosen = next((each for each in found if not each.completed), found[-1])
        tasks.complete_task(session, chosen)
        session.commit()
    outbox.wake()
    return {"status": "success", "data": view(chosen)}


@mcp.custom_route("/live", methods=["GET"])
async def live(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "alive"})


@mcp.custom_route("/metrics", methods=["GET"])
async def counters(_request: Request) -> Response:
    return Response(duplicates.text(), media_type=metrics.CONTENT_TYPE)


@mcp.custom_route("/health", methods=["GET"])
async def health(_request: Request) -> JSONResponse:
    try:
        await run_in_threadpool(ping)
    except SQLAlchemyError as error:
        return JSONResponse({"status": "unhealthy", "database": type(error).__name__}, status_code=503)
    return JSONResponse({"status": "healthy"})


# Stateless: any replica answers any request, so a rolling update breaks no conversation.
app = mcp.http_app(path="/mcp", stateless_http=True, json_response=True)
