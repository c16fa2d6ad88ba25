# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs in backend-api's pod, with PARAMETERS replaced by a way, a token and a message: one chat request to the application itself, whose MCP
client calls each tool twice. Prints the status and the text of the answer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time

sys.path.insert(0, "/app")

import chat
import httpx
import main
import psycopg2
from agents.mcp import MCPServerStreamableHttp

WAY, TOKEN, MESSAGE = json.loads("PARAMETERS")
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
PATIENCE = 60  # seconds


def server(kind: type[MCPServerStreamableHttp] = MCPServerStreamableHttp, **options) -> MCPServerStreamableHttp:
    parameters = {"url": chat.MCP_URL, "headers": {"Authorization": f"Bearer {TOKEN}"}, "timeout": 10}
    return kind(params=parameters, **{"client_session_timeout_seconds": 30, **options})


class Concurrently(MCPServerStreamableHttp):
    """Each call over two connections, 2 ms apart."""

    async def call_tool(self, *arguments, **options):
        async with server() as another:
            first = asyncio.create_task(super().call_tool(*arguments, **options))
            await asyncio.sleep(0.002)
            await another.call_tool(*arguments, **options)
            return await first


class OneAfterTheOther(MCPServerStreamableHttp):
    async def call_tool(self, *arguments, **options):
        await super().call_tool(*arguments, **options)
        return await super().call_tool(*arguments, **options)


def hold_up_the_tasks(locked: threading.Event) -> None:
    """Nobody can add a task until two attempts wait for each other: the first has reached its client's time-out by then."""
    holder, observer = psycopg2.connect(os.environ["DATABASE_URL"]), psycopg2.connect(os.environ["DATABASE_URL"])
    observer.autocommit = True
    holder.cursor().execute("LOCK TABLE task IN SHARE ROW EXCLUSIVE MODE")
    locked.set()
    deadline = time.monotonic() + PATIENCE
    with observer.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(WAITING)
            if cursor.fetchone()[0] >= 2:
                break
            time.sleep(0.1)
    holder.close()


WAYS = {
    "concurrently": lambda: server(Concurrently),
    "one after the other": lambda: server(OneAfterTheOther),
    # The SDK's own: it repeats a call that was not answered in time.
    "after a time-out": lambda: server(client_session_timeout_seconds=3, max_retry_attempts=5, retry_backoff_seconds_base=0.1),
}


async def ask() -> httpx.Response:
    transport = httpx.ASGITransport(app=main.app)
    async with main.app.router.lifespan_context(main.app), httpx.AsyncClient(transport=transport, base_url="http://backend-api") as client:
        return await client.post("/api/chat", json={"message": MESSAGE}, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=300)


chat.mcp_server = lambda _token: WAYS[WAY]()
if WAY == "after a time-out":
    locked = threading.Event()
    threading.Thread(target=hold_up_the_tasks, args=[locked], daemon=True).start()
    locked.wait()
answer = asyncio.run(ask())
print(json.dumps([answer.status_code, answer.text]))
