# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The todo application end to end: as a person, as the guide's commands, and with calls and events that come twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from packages import install
from todo_client import TodoClient, walk_through
from todo_pods import audit_rows, in_pod, sql, wait_for_audit_row

pytestmark = pytest.mark.phase("application")
BROWSER = Path(__file__).parent / "browser"

# Runs in a pod: the same tool call from eight connections at once.
CALL_TOOL = """
import concurrent.futures, httpx
call = {{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {{"name": "add_task", "arguments": {{"title": {title!r}}}}}}}
headers = {{"Authorization": "Bearer " + {token!r}, "Accept": "application/json, text/event-stream"}}
def post(_number):
    return httpx.post("http://mcp-server:8001/mcp", json=call, headers=headers, timeout=30).json()["result"]["structuredContent"]
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    results = list(pool.map(post, range(8)))
print(sum(bool(result.get("idempotent")) for result in results), len({{result["data"]["id"] for result in results}}))
"""

# Runs in audit-service's pod: the same event delivered eight times at once.
DELIVER = """
import concurrent.futures, json, os, urllib.request
headers = {{"Content-Type": "application/json", "dapr-api-token": os.environ["APP_API_TOKEN"]}}
body = json.dumps({{"id": "1", "data": {{"event_id": {event_id!r}, "event_type": "test.event", "task_id": "t", "user_id": "u"}}}}).encode()
def post(_number):
    request = urllib.request.Request("http://127.0.0.1:8002/events/tasks", body, headers)
    return json.load(urllib.request.urlopen(request, timeout=30))["status"]
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(*sorted(set(pool.map(post, range(8)))))
"""


@pytest.fixture
def client(addresses) -> TodoClient:
    return TodoClient.signed_up(*addresses)


def test_a_chat_makes_exactly_one_task_and_one_audit_row(cluster, addresses):
    walk = walk_through(*addresses)
    assert walk["answer"] == f'I added the task "{walk["title"]}".'
    assert [task["title"] for task in walk["tasks"]] == [walk["title"]]
    rows = sql(cluster, f"SELECT id, user_id FROM task WHERE title = '{walk['title']}'")
    assert rows == [[walk["tasks"][0]["id"], walk["user_id"]]]
    assert wait_for_audit_row(cluster, walk["title"]) == [["task.created", rows[0][0]]]


def test_the_chat_lists_and_completes(client):
    client.chat("add a task called 'Call Bob'")
    assert "Call Bob" in client.chat("list my tasks")
    assert client.chat("complete call bob") == 'I completed the task "Call Bob".'
    assert [task["completed"] for task in client.tasks()] == [True]


def test_a_session_cookie_is_as_good_as_a_token_for_tasks(client):
    client.add_task("By cookie")
    assert client.tasks_by_cookie() == client.tasks()


def test_the_same_tool_call_at_the_same_time_makes_one_task(cluster, client):
    title = f"twice {uuid.uuid4().hex[:8]}"
    assert in_pod(cluster, "deployment/backend-api", CALL_TOOL.format(title=title, token=client.token())) == "7 1"
    assert [task["title"] for task in client.tasks()] == [title]
    assert len(wait_for_audit_row(cluster, title)) == 1
    logs = cluster.kubectl("logs", "-l", "app.kubernetes.io/name=mcp-server", "-c", "mcp-server", "--tail=200")
    assert "DUPLICATE TASK CREATION DETECTED - Returning cached task" in logs


def test_the_same_event_at_the_same_time_is_written_once(cluster):
    event_id = str(uuid.uuid4())
    assert in_pod(cluster, "deployment/audit-service", DELIVER.format(event_id=event_id)) == "SUCCESS"
    assert sql(cluster, f"SELECT count(*) FROM audit_log WHERE details->>'event_id' = '{event_id}'") == [["1"]]


def test_no_event_is_lost_while_the_broker_is_away(cluster, client):
    title = f"patient {uuid.uuid4().hex[:8]}"
    cluster.kubectl("scale", "statefulset/redis", "--replicas=0")
    cluster.kubectl("wait", "pod/redis-0", "--for=delete", "--timeout=300s")
    try:
        client.add_task(title)
        assert audit_rows(cluster, title) == []
    finally:
        cluster.kubectl("scale", "statefulset/redis", "--replicas=1")
    assert len(wait_for_audit_row(cluster, title)) == 1


def test_data_outlives_the_database_pod(cluster, client):
    client.add_task("Stay")
    cluster.kubectl("delete", "pod", "postgres-0", "--wait=true")
    cluster.kubectl("rollout", "status", "statefulset/postgres", "--timeout=300s")
    for name in ("backend-api", "frontend"):
        cluster.kubectl("wait", "pod", "-l", f"app.kubernetes.io/name={name}", "--for=condition=Ready", "--timeout=300s")
    assert [task["title"] for task in client.tasks()] == ["Stay"]


def test_a_new_signing_key_is_accepted_at_once(cluster, client):
    client.chat("list my tasks")
    sql(cluster, "DELETE FROM jwks")
    assert client.chat("list my tasks") == "You have no tasks."


def test_the_guides_commands_work(cluster, client):
    client.add_task("For the guide")
    wait_for_audit_row(cluster, "For the guide")
    models = """
from sqlmodel import Session, create_engine, select
from models import AuditLog, Task
import os
engine = create_engine(os.getenv('DATABASE_URL'))
with Session(engine) as session:
    for t in session.exec(select(Task).order_by(Task.created_at.desc()).limit(3)).all(): print(f'{t.title} | {t.created_at}')
    for l in session.exec(select(AuditLog).order_by(AuditLog.timestamp.desc()).limit(3)).all(): print(f'{l.event_type} | {l.task_id}')
"""
    output = in_pod(cluster, "deployment/backend-api", models)
    assert "For the guide | " in output and "task.created | " in output
    psycopg2 = "import psycopg2, os; psycopg2.connect(os.getenv('DATABASE_URL')).close(); print('Database connected!')"
    assert in_pod(cluster, "deployment/backend-api", psycopg2) == "Database connected!"
    pool = (
        "const { Pool } = require('pg'); const pool = new Pool({ connectionString: process.env.DATABASE_URL });"
        "pool.query('SELECT 1').then(() => { console.log('DB OK'); return pool.end(); })"
    )
    assert cluster.kubectl("exec", "deployment/frontend", "--", "node", "-e", pool).strip() == "DB OK"
    for name in ("frontend", "backend-api", "mcp-server", "audit-service"):
        cluster.kubectl("exec", f"deployment/{name}", "-c", name, "--", "sh", "-c", "command -v curl && command -v wget && command -v nc")


def test_both_secrets_hold_the_same_auth_secret(cluster):
    secrets = {secret["metadata"]["name"]: secret["data"] for secret in cluster.objects("secrets")}
    same = secrets["frontend-secrets"]["better-auth-secret"] == secrets["backend-api-secrets"]["better-auth-secret"]
    assert same, "frontend-secrets and backend-api-secrets differ"


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Path:
    """The browser test with its library, and Chromium from the distribution."""
    if not os.environ.get("CHROMIUM") and not shutil.which("chromium"):
        install("chromium")
    assert shutil.which("npm"), "install Node.js with npm: they drive the browser"
    folder = tmp_path_factory.mktemp("browser") / "browser"
    shutil.copytree(BROWSER, folder, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci"], cwd=folder, check=True, capture_output=True, timeout=300)
    return folder


def test_a_browser_signs_up_and_chats(cluster, addresses, browser):
    output = Path(__file__).resolve().parents[1] / "output"
    output.mkdir(exist_ok=True)
    walk = subprocess.run(["node", "walk.mjs", addresses[0], str(output)], cwd=browser, text=True, capture_output=True, timeout=180, check=False)
    assert walk.returncode == 0, walk.stdout + walk.stderr
    result = json.loads(walk.stdout)
    assert result["errors"] == []
    assert [len(key or "") for key in result["keys"]] == [32], "each submit has a key"
    assert (output / "chat.png").stat().st_size > 5000
    assert sql(cluster, f"SELECT count(*) FROM task WHERE title = '{result['title']}'") == [["1"]]
    assert len(wait_for_audit_row(cluster, result["title"])) == 1
