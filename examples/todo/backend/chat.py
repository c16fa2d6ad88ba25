# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The chat: an agent of the OpenAI Agents SDK whose tools come from the MCP server, with the user's own token."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Literal

from agents import Agent, Runner, set_default_openai_api, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai.types.responses import ResponseTextDeltaEvent
from pydantic import BaseModel, Field

MCP_URL = os.environ.get("MCP_URL", "http://mcp-server:8001/mcp")
MODEL = os.environ.get("OPENAI_MODEL", "gpt-4.1-mini")
MAX_TURNS = 8
INSTRUCTIONS = "You keep the user's list of tasks. Use the tools for every change and every answer about it. Be brief."

# Traces would go to OpenAI whatever OPENAI_BASE_URL says.
set_tracing_disabled(True)
# Every server with OpenAI's interface has chat completions; not every one has responses.
set_default_openai_api(os.environ.get("OPENAI_API", "chat_completions"))


class Message(BaseModel):
    role: Literal["user", "assistant"]
    content: str = Field(max_length=8000)


class ChatRequest(BaseModel):
    message: str = Field(min_length=1, max_length=8000)
    history: list[Message] = Field(default=[], max_length=40)


def mcp_server(token: str) -> MCPServerStreamableHttp:
    parameters = {"url": MCP_URL, "headers": {"Authorization": f"Bearer {token}"}, "timeout": 10}
    return MCPServerStreamableHttp(params=parameters, name="mcp-server", client_session_timeout_seconds=30)


async def answer(request: ChatRequest, token: str) -> AsyncIterator[str]:
    """The pieces of the answer as the model writes them."""
    conversation = [message.model_dump() for message in request.history] + [{"role": "user", "content": request.message}]
    async with mcp_server(token) as tools:
        agent = Agent(name="todo", instructions=INSTRUCTIONS, model=MODEL, mcp_servers=[tools])
        result = Runner.run_streamed(agent, input=conversation, max_turns=MAX_TURNS)
        async for event in result.stream_events():
            if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
                yield event.data.delta
