# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The todo application's three layers against duplicates: their switches, what they log and count, and ways to make duplicates."""

from __future__ import annotations

import json
import re
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from todo_client import TodoClient
from todo_pods import PATIENCE, in_pod, sql

CHAT_TWICE = Path(__file__).with_name("chat_twice.py")
WAYS = ("concurrently", "one after the other", "after a time-out")
LAYERS = {"request": "backend-api", "tool": "mcp-server", "event": "audit-service"}
PSQL = ("psql", "-h", "/var/run/postgresql", "-U", "todo", "-At")
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'todo'"

METRICS = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:{port}/metrics", timeout=30).read().decode())
"""
PORTS = {"request": 8000, "tool": 8001, "event": 8002}


def switch(cluster, state: str) -> None:
    """Turns all three layers on or off."""
    for layer, workload in LAYERS.items():
        cluster.kubectl("set", "env", f"deployment/{workload}", f"{layer.upper()}_IDEMPOTENCY={state}")
    settle(cluster)


@contextmanager
def three_replicas(cluster, layer: str) -> Iterator[None]:
    """A layer's workload has three replicas meanwhile."""
    deployment = f"deployment/{LAYERS[layer]}"
    cluster.kubectl("scale", deployment, "--replicas=3")
    try:
        cluster.kubectl("rollout", "status", deployment, "--timeout=500s")
        yield
    finally:
        cluster.kubectl("scale", deployment, "--replicas=1")
        cluster.kubectl("rollout", "status", deployment, "--timeout=500s")


def settle(cluster) -> None:
    """Waits until all pods of the layers are those of the present template."""
    for workload in LAYERS.values():
        cluster.kubectl("rollout", "status", f"deployment/{workload}", "--timeout=500s")


def counted(cluster, layer: str) -> int:
    """The duplicates that a layer has counted, where it has one replica."""
    text = in_pod(cluster, f"deployment/{LAYERS[layer]}", METRICS.format(port=PORTS[layer]))
    return int(re.search(r"^todo_duplicates_total\{.*\} (\d+)$", text, re.MULTILINE)[1])


def logged(cluster, layer: str, *words: str) -> list[str]:
    """The lines about duplicates in a layer's log that contain these words."""
    workload = LAYERS[layer]
    log = cluster.kubectl("logs", "-l", f"app.kubernetes.io/name={workload}", "-c", workload, "--tail=-1", "--max-log-requests=10")
    return [line for line in log.splitlines() if "DUPLICATE" in line and all(word in line for word in words)]


def chat_twice(cluster, client: TodoClient, way: str, title: str) -> None:
    """One chat request, for which the agent's MCP client calls add_task twice. Returns when both calls have an answer."""
    program = CHAT_TWICE.read_text().replace('"PARAMETERS"', repr(json.dumps([way, client.token(), f"Please add a task to {title}"])))
    status, text = json.loads(in_pod(cluster, "deployment/backend-api", program).splitlines()[-1])
    assert status == 200 and "event: done" in text, text


def titles(client: TodoClient) -> list[str]:
    return [task["title"] for task in client.tasks()]


def new_title() -> str:
    return f"once {uuid.uuid4().hex[:8]}"


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not after {PATIENCE} s: {what}"
        time.sleep(0.5)


def waiting(cluster, sessions: int) -> None:
    """Waits until so many sessions wait for a lock in the database."""
    wait_until(lambda: int(sql(cluster, WAITING)[0][0]) >= sessions, f"{sessions} sessions that wait for a lock")


@contextmanager
def locked(cluster, table: str) -> Iterator[None]:
    """Nobody can write to a table of the application meanwhile."""
    command = cluster.command("exec", "-i", "statefulset/postgres", "--", *PSQL)
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        session.stdin.write(f"BEGIN;\nLOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;\nSELECT 'locked';\n")
        session.stdin.flush()
        while session.stdout.readline().strip() != "locked":
            assert session.poll() is None, "psql has ended"
        try:
            yield
        finally:
            session.stdin.close()  # psql ends, and its transaction with it


def answered(client: TodoClient, path: str, body: dict, key: str) -> requests.Response:
    """The answer to a request that may still be in flight: asks until it is not."""
    deadline = time.monotonic() + PATIENCE
    while (response := client.request("POST", path, body, key)).status_code == 409:
        assert time.monotonic() < deadline, f"in flight for {PATIENCE} s"
        time.sleep(1)
    return response
