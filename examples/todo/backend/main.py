# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""backend-api: tasks over HTTP, the chat, and health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

import logs
import tasks
from auth import User, current_user, token_user
from chat import ChatRequest, answer_events
from database import engine, ping, wait_for_tables
from events import OutboxPublisher

logs.configure()
outbox = OutboxPublisher()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    await run_in_threadpool(wait_for_tables)
    outbox.start()
    yield
    await run_in_threadpool(outbox.stop)


app = FastAPI(title="backend-api", lifespan=lifespan)
CurrentUser = Annotated[User, Depends(current_user)]
TokenUser = Annotated[User, Depends(token_user)]


class NewTask(BaseModel):
    title: tasks.Title
    description: tasks.Description = ""


class TaskView(BaseModel, from_attributes=True):
    id: str
    title: str
    description: str
    completed: bool
    created_at: datetime


@app.get("/live")
async def live() -> dict:
    """Liveness: this process answers. A database that is away is no reason to restart it."""
    return {"status": "alive"}


@app.get("/health")
def health(response: Response) -> dict:
    """Readiness, and what people ask: healthy after a query to the database."""
    try:
        ping()
    except SQLAlchemyError as error:
        response.status_code = 503
        return {"status": "unhealthy", "database": type(error).__name__}
    return {"status": "healthy"}


@app.get("/api/tasks")
def list_tasks(user: CurrentUser) -> list[TaskView]:
    with Session(engine) as session:
        return [TaskView.model_validate(task) for task in tasks.list_tasks(session, user.id)]


@app.post("/api/tasks", status_code=201)
def create_task(new: NewTask, user: CurrentUser) -> TaskView:
    with Session(engine, expire_on_commit=False) as session:
        task = tasks.create_task(session, user.id, new.title, new.description)
        session.commit()
    outbox.wake()
    return TaskView.model_validate(task)


@app.post("/api/tasks/{task_id}/complete")
def complete_task(task_id: UUID, user: CurrentUser) -> TaskView:
    with Session(engine, expire_on_commit=False) as session:
        task = tasks.find_task(session, user.id, str(task_id))
        if task is None:
            raise HTTPException(404, "no such task")
        tasks.complete_task(session, task)
        session.commit()
    outbox.wake()
    return TaskView.model_validate(task)


@app.post("/api/chat")
async def chat(request: ChatRequest, user: TokenUser) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(answer_events(request, user.token), media_type="text/event-stream", headers=headers)
