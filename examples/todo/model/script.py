# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the scripted model does: a table of sentences that it understands, and the answer to each tool's result."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Say:
    text: str


@dataclass(frozen=True)
class Call:
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


HELP = 'I can add a task ("add a task to buy milk"), list your tasks ("list my tasks"), and complete one ("complete buy milk").'
QUOTES = "\"'\u201c\u201d\u2018\u2019 .!"
SENTENCES = [
    (re.compile(r"\b(?:add|create|make)\b.*?\btask\b\s*(?:to|called|named|titled|:|-)?\s*(?P<title>.+)", re.I | re.S), "add_task", "title"),
    (re.compile(r"\bremind me to\s+(?P<title>.+)", re.I | re.S), "add_task", "title"),
    (re.compile(r"\b(?:complete|finish|close|tick off)\b\s*(?:the\s+)?(?:task\b)?\s*(?P<title>.+)", re.I | re.S), "complete_task", "task"),
    (re.compile(r"\b(?:list|show|what)\b", re.I), "list_tasks", None),
]


def text_of(content: Any) -> str:
    """The text of a message, which is a string or a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content or ""


def tool_result(content: Any) -> dict[str, Any] | None:
    """The tool's own result out of a tool message: JSON, possibly wrapped in MCP's text block."""
    try:
        result = json.loads(text_of(content))
        return json.loads(result["text"]) if result.get("type") == "text" else result
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def list_answer(tasks: list[dict[str, Any]]) -> str:
    if not tasks:
        return "You have no tasks."
    return "Your tasks:\n" + "\n".join(f"- {task['title']}{' (done)' if task['completed'] else ''}" for task in tasks)


ANSWERS = {
    "add_task": lambda data: f"I added the task \"{data['title']}\".",
    "complete_task": lambda data: f"I completed the task \"{data['title']}\".",
    "list_tasks": list_answer,
}


def answer_to_result(tool: str | None, content: Any) -> Say:
    result = tool_result(content)
    if tool not in ANSWERS or not isinstance(result, dict) or result.get("status") != "success":
        return Say(f"That did not work: {text_of(content)[:300]}")
    return Say(ANSWERS[tool](result["data"]))


def called_tool(messages: list[dict[str, Any]], call_id: str) -> str | None:
    calls = [call for message in messages for call in message.get("tool_calls") or []]
    return next((call["function"]["name"] for call in calls if call["id"] == call_id), None)


def understand(sentence: str, tools: set[str]) -> Say | Call:
    for pattern, tool, argument in SENTENCES:
        match = pattern.search(sentence)
        if match and tool in tools:
            return Call(tool, {argument: match["title"].strip(QUOTES)} if argument else {})
    return Say(HELP)


def next_step(messages: list[dict[str, Any]], tools: set[str]) -> Say | Call:
    """What the model does after these messages (OpenAI's chat format), with these tools at hand."""
    last = messages[-1]
    if last.get("role") == "tool":
        return answer_to_result(called_tool(messages, last.get("tool_call_id", "")), last.get("content"))
    return understand(text_of(last.get("content")), tools)
