# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of `minikube start --output=json`, reported while it runs. It prints an event as JSON in each line."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

POLL_INTERVAL = 0.5  # seconds
TYPE = "io.k8s.sigs.minikube."
WITH_TEXT = ("step", "info", "warning", "error")


@contextmanager
def reported_output(report: Callable[[str], None]) -> Iterator[str]:
    """Yields the path of a file for minikube's output, and reports each step in it until the block ends."""
    ended = threading.Event()
    with tempfile.NamedTemporaryFile(mode="r", encoding="utf-8", errors="replace", prefix="runbook_minikube_") as file:
        reader = threading.Thread(target=_follow, args=(file, ended, report), daemon=True)
        reader.start()
        try:
            yield file.name
        finally:
            ended.set()
            reader.join()


def _follow(file, ended: threading.Event, report: Callable[[str], None]) -> None:
    rest, last = "", False
    while not last:
        last = ended.wait(POLL_INTERVAL)  # reads once more after the end
        *lines, rest = (rest + file.read()).split("\n")
        for text in filter(None, map(step_of, lines)):
            report(text)


def step_of(line: str) -> str:
    """A line's step for a person, for example "minikube: step 3 of 19, Pulling base image"; "" for anything else. Pure."""
    kind, data = _event(line)
    if kind != "step":
        return ""
    return f"minikube: step {data.get('currentstep', '?')} of {data.get('totalsteps', '?')}, {data.get('name') or data.get('message') or ''}"


def text_of(output: str) -> str:
    """The output as minikube prints it without JSON. Pure."""
    return "\n".join(filter(None, (_text(line) for line in output.splitlines())))


def _text(line: str) -> str:
    kind, data = _event(line)
    if not kind:
        return line
    return "\n".join(filter(None, (data.get("message"), data.get("advice")))) if kind in WITH_TEXT else ""


def _event(line: str) -> tuple[str, dict]:
    """Kind and data of an event, ("", {}) for a line that is none."""
    try:
        event = json.loads(line)
        kind, data = event["type"], event["data"]
    except (ValueError, KeyError, TypeError):
        return "", {}
    return (kind.removeprefix(TYPE), data) if isinstance(kind, str) and kind.startswith(TYPE) and isinstance(data, dict) else ("", {})
