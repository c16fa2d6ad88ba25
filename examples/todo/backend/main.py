# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""backend-api: tasks over HTTP, the chat, and health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

import logs
import metrics
import stored_requests
import tasks
from answers import Answers, stored_answer
from auth import User, current_user, token_user
from chat import ChatRequest
from claims import keeper
from database import engine, ping, wait_for_tables
from events import OutboxPublisher
from idempotency import Known, keyed_request

logs.configure()
outbox = OutboxPublisher()
answers = Answers()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    await run_in_threadpool(wait_for_tables)
    outbox.start()
    keeper.start()
    yield
    await answers.end(seconds=10)
    await run_in_threadpool(keeper.stop)
    await run_in_threadpool(outbox.stop)


app = FastAPI(title="backend-api", lifespan=lifespan)
CurrentUser = Annotated[User, Depends(current_user)]
TokenUser = Annotated[User, Depends(token_user)]
# A client makes up a new one for each request, and sends the same one when it repeats that request.
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[\x20-\x7e]+$")]


class NewTask(BaseModel):
    title: tasks.Title
    description: tasks.Description = ""


class TaskView(BaseModel, from_attributes=True):
    id: str
    title: str
    description: str
    completed: bool
    created_at: datetime


class CreatedTask(TaskView):
    idempotent: bool = False  # the request was made before, and this is its answer


@app.exception_handler(stored_requests.AlreadyKnown)
async def already_known(_request: Request, error: stored_requests.AlreadyKnown) -> JSONResponse:
    if error.known is Known.OTHER_BODY:
        return JSONResponse({"detail": "this Idempotency-Key was used for another request"}, 422)
    return JSONResponse({"detail": "the same request is in flight"}, 409, {"Retry-After": "1"})


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


@app.get("/metrics")
async def counters() -> Response:
    return Response(stored_requests.duplicates.text(), media_type=metrics.CONTENT_TYPE)


@app.get("/api/tasks")
def list_tasks(user: CurrentUser) -> list[TaskView]:
    with Session(engine) as session:
        return [TaskView.model_validate(task) for task in tasks.list_tasks(session, user.id)]


@app.post("/api/tasks", status_code=201)
def create_task(new: NewTask, user: CurrentUser, idempotency_key: IdempotencyKey = None) -> CreatedTask:
    request = keyed_request(user.id, "POST /api/tasks", idempotency_key, new.model_dump(mode="json", exclude_unset=True))
    claim = stored_requests.claim(request)
    if claim.response is not None:
        return CreatedTask.model_validate_json(claim.response).model_copy(update={"idempotent": True})
    with stored_requests.executing(claim), Session(engine, expire_on_commit=False) as session:
        task = tasks.create_task(session, user.id, new.title, new.description)
        created = CreatedTask.model_validate(task)
        stored_requests.store(session, claim, created.model_dump_json())
        session.commit()
    outbox.wake()
    return created


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
async def chat(message: ChatRequest, user: TokenUser, idempotency_key: IdempotencyKey = None) -> StreamingResponse:
    request = keyed_request(user.id, "POST /api/chat", idempotency_key, message.model_dump(mode="json", exclude_unset=True))
    claim = await run_in_threadpool(stored_requests.claim, request)
    events = stored_answer(claim) if claim.response is not None else answers.begin(claim, message, user.token)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
