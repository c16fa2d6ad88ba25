# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The model: OpenAI's chat completions interface, streaming and not, before a script instead of a mind."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from script import Call, Say, next_step

app = FastAPI(title="model")


class ChatCompletion(BaseModel):
    """The part of a request that matters here; whatever else a client sends is accepted and ignored."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = []
    stream: bool = False
    stream_options: dict[str, Any] | None = None


def message_of(step: Say | Call) -> tuple[dict[str, Any], str]:
    """The assistant's message and the reason why it ends."""
    if isinstance(step, Say):
        return {"role": "assistant", "content": step.text}, "stop"
    function = {"name": step.tool, "arguments": json.dumps(step.arguments)}
    call = {"id": f"call_{uuid.uuid4().hex}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def usage(request: ChatCompletion, message: dict[str, Any]) -> dict[str, int]:
    """Counted in words, as the script has no tokens."""
    prompt = len(json.dumps(request.messages).split())
    completion = len(json.dumps(message).split())
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The message in the pieces in which a real model sends it: word by word, a tool call's arguments apart from its name."""
    yield {"role": "assistant", "content": "" if message["content"] is not None else None}
    for word in re.findall(r"\S+\s*|\s+", message["content"] or ""):
        yield {"content": word}
    for index, call in enumerate(message.get("tool_calls", [])):
        arguments = call["function"]["arguments"]
        yield {"tool_calls": [{**call, "index": index, "function": {**call["function"], "arguments": ""}}]}
        yield {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}


def frame(request: ChatCompletion, **fields: Any) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": request.model, **fields}


def chunks(request: ChatCompletion, message: dict[str, Any], reason: str) -> Iterator[str]:
    head = frame(request, object="chat.completion.chunk")
    for delta in deltas(message):
        yield sse({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield sse({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if (request.stream_options or {}).get("include_usage"):
        yield sse({**head, "choices": [], "usage": usage(request, message)})
    yield "data: [DONE]\n\n"


def sse(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


@app.post("/v1/chat/completions", response_model=None)
def chat_completions(request: ChatCompletion) -> Response | dict[str, Any]:
    if not request.messages:
        raise HTTPException(400, "messages must not be empty")
    step = next_step(request.messages, {tool["function"]["name"] for tool in request.tools if tool.get("type") == "function"})
    message, reason = message_of(step)
    if request.stream:
        return StreamingResponse(chunks(request, message, reason), media_type="text/event-stream")
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return frame(request, object="chat.completion", choices=[choice], usage=usage(request, message))


@app.get("/v1/models")
async def models() -> dict[str, Any]:
    return {"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": "example"}]}


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}
