# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scripted model of the example: what it understands, and what it makes of a tool's result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from load_file import load_file

SOURCE = Path(__file__).resolve().parents[3] / "examples/todo/model/script.py"
script = load_file("todo_model_script", SOURCE)

TOOLS = {"add_task", "list_tasks", "complete_task"}


def ask(sentence: str, tools=frozenset(TOOLS)):
    return script.next_step([{"role": "user", "content": sentence}], set(tools))


def after(tool: str, content) -> str:
    call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": "{}"}}
    messages = [{"role": "assistant", "content": None, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1", "content": content}]
    return script.next_step(messages, TOOLS).text


@pytest.mark.parametrize(("sentence", "tool", "arguments"), [
    ("Add a task to buy milk", "add_task", {"title": "buy milk"}),
    ("please create a new task called \"Call Bob\".", "add_task", {"title": "Call Bob"}),
    ("Add task: list the birds", "add_task", {"title": "list the birds"}),
    ("Remind me to complete the report", "add_task", {"title": "complete the report"}),
    ("complete buy milk", "complete_task", {"task": "buy milk"}),
    ("Finish the task buy milk!", "complete_task", {"task": "buy milk"}),
    ("list my tasks", "list_tasks", {}),
    ("What is there to do?", "list_tasks", {}),
])
def test_sentences(sentence, tool, arguments):
    assert ask(sentence) == script.Call(tool, arguments)


def test_a_sentence_it_does_not_understand_is_answered_with_what_it_can_do():
    assert ask("Good morning") == script.Say(script.HELP)


def test_it_calls_no_tool_that_it_does_not_have():
    assert ask("Add a task to buy milk", {"list_tasks"}) == script.Say(script.HELP)


def test_content_may_come_in_parts():
    assert ask([{"type": "text", "text": "list "}, {"type": "text", "text": "tasks"}]) == script.Call("list_tasks", {})


@pytest.mark.parametrize("wrap", [lambda text: text, lambda text: json.dumps({"type": "text", "text": text})])
def test_a_result_is_read_with_and_without_mcps_wrapping(wrap):
    content = wrap(json.dumps({"status": "success", "data": {"title": "buy milk", "completed": True}}))
    assert after("complete_task", content) == 'I completed the task "buy milk".'


def test_lists():
    tasks = [{"title": "one", "completed": False}, {"title": "two", "completed": True}]
    assert after("list_tasks", json.dumps({"status": "success", "data": tasks})) == "Your tasks:\n- one\n- two (done)"
    assert after("list_tasks", json.dumps({"status": "success", "data": []})) == "You have no tasks."


@pytest.mark.parametrize("content", ["no such task", "", json.dumps({"status": "error"}), json.dumps([1])])
def test_a_tool_that_failed_is_never_called_a_success(content):
    assert after("add_task", content).startswith("That did not work")
