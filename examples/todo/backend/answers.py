# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The chat's answers as server-sent events. Each is written by a task of its own, which ends its work though the client leaves."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool

from chat import ChatRequest, answer
from claims import keeper
from stored_requests import Claim, free, store_alone

logger = logging.getLogger(__name__)

LONGEST_ANSWER_SECONDS = 300


def sse(event: str, data: dict) -> str:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n"


async def stored_answer(claim: Claim) -> AsyncIterator[str]:
    """The events of an answer that was written before."""
    yield (claim.response or "") + sse("done", {"idempotent": True})


class Answers:
    """The answers that are being written."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task] = set()

    def begin(self, claim: Claim, request: ChatRequest, token: str) -> AsyncIterator[str]:
        """Server-sent events: `delta` with text, then `done`; or `error`, as the status line is long gone by then."""
        events: asyncio.Queue[str | None] = asyncio.Queue()
        task = asyncio.create_task(_write(claim, request, token, events))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return _until_none(events)

    async def end(self, seconds: float) -> None:
        """Wait for them, but not for longer than so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)


async def _until_none(events: asyncio.Queue[str | None]) -> AsyncIterator[str]:
    while (event := await events.get()) is not None:
        yield event


async def _write(claim: Claim, request: ChatRequest, token: str, events: asyncio.Queue[str | None]) -> None:
    try:
        events.put_nowait(await _answered(claim, request, token, events))
    except Exception:  # the agent's run can fail in the model, the tools or the network: the user hears of each
        logger.exception("The chat's answer failed")
        await run_in_threadpool(free, claim)
        events.put_nowait(sse("error", {"message": "The assistant cannot answer now."}))
    finally:
        keeper.drop(claim.owner)
        events.put_nowait(None)


async def _answered(claim: Claim, request: ChatRequest, token: str, events: asyncio.Queue[str | None]) -> str:
    """Writes the answer; returns the last event. It is stored before: a client that has seen the end may ask again at once."""
    written = []
    async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
        async for piece in answer(request, token):
            written.append(sse("delta", {"text": piece}))
            events.put_nowait(written[-1])
    await run_in_threadpool(store_alone, claim, "".join(written))
    return sse("done", {})
