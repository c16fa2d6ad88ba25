# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the todo application refuses: tokens and cookies that nobody signed, tasks without measure, events of strangers, events that nobody can write."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import time
import uuid

import pytest
import requests
from todo_client import TIMEOUT, TodoClient
from todo_pods import PATIENCE, audit_rows, in_pod, sql, wait_for_audit_row

pytestmark = pytest.mark.phase("application")
TOO_LONG = uuid.uuid4().hex.ljust(201, "x")

# Runs in backend-api's pod: adds a task with the MCP server's tool, prints whether that was an error, and what it said.
ADD_TASK = """
import httpx
call = {{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {{"name": "add_task", "arguments": {{"title": {title!r}}}}}}}
headers = {{"Authorization": "Bearer " + {token!r}, "Accept": "application/json, text/event-stream"}}
result = httpx.post("http://mcp-server:8001/mcp", json=call, headers=headers, timeout=30).json()["result"]
print(result["isError"], result["content"][0]["text"])
"""

# Runs in backend-api's pod: sends an event to audit-service, and prints the status. A network that enforces policies lets no connection through.
SEND = """
import httpx
event = {{"id": "1", "data": {{"event_id": {event_id!r}, "event_type": "test.event"}}}}
try:
    print(httpx.post({url!r}, json=event, headers={{"dapr-api-token": "another"}}, timeout=10).status_code)
except httpx.ConnectTimeout:
    print("no connection")
"""
STRANGERS = {
    "to its port": ("http://audit-service:8002/events/tasks", ("401", "no connection")),
    "through Dapr": ("http://127.0.0.1:3500/v1.0/invoke/audit-service/method/events/tasks", ("403",)),
}

# Runs in audit-service's pod: delivers events as its sidecar does, and prints the answers.
DELIVER = """
import json, os, urllib.request
headers = {{"Content-Type": "application/json", "dapr-api-token": os.environ["APP_API_TOKEN"]}}
for body in {bodies!r}:
    request = urllib.request.Request("http://127.0.0.1:8002/events/tasks", body.encode(), headers)
    print(json.load(urllib.request.urlopen(request, timeout=30))["status"])
"""
NEVER_WRITTEN = {
    "no event_type": {"data": {"task_id": "t"}},
    "an event_type that is no text": {"data": {"event_type": {}}},
    "an event_type without measure": {"data": {"event_type": "x" * 3000}},
    "a NUL in a text": {"data": {"event_type": "a\0"}},
    "a NUL in the details": {"data": {"event_type": "a", "title": "\0"}},
    "no object": [],
}


@pytest.fixture(scope="module")
def client(addresses) -> TodoClient:
    return TodoClient.signed_up(*addresses)


def part_of_token(part: dict | bytes) -> str:
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def forged_token(**header: str) -> str:
    return ".".join(map(part_of_token, ({"typ": "JWT", **header}, {"sub": "somebody"}, b"signature")))


def tasks_status(client: TodoClient, token: str) -> int:
    """The status of a request for the tasks with a token."""
    return requests.get(f"{client.backend}/api/tasks", headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT).status_code


@pytest.mark.parametrize("cookie", [b"token.f\xc3\xbcr", b"token.f%C3%BCr", b"token.%FF", b"token", b"."])
def test_a_cookie_that_nobody_signed_is_refused(client, cookie):
    headers = {"Cookie": b"better-auth.session_token=" + cookie}
    assert requests.get(f"{client.backend}/api/tasks", headers=headers, timeout=TIMEOUT).status_code == 401


def test_a_token_of_another_algorithm_is_refused(client):
    header = client.token().partition(".")[0]
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    assert tasks_status(client, forged_token(alg="RS256", kid=kid)) == 401


def test_tokens_of_unknown_keys_fetch_the_keys_a_limited_number_of_times(client):
    def unknown(_number: int) -> int:
        return tasks_status(client, forged_token(alg="EdDSA", kid=uuid.uuid4().hex))

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(unknown, range(100)))
    assert set(statuses) == {401, 503}, "401: the keys were fetched, and it is none of them; 503: they were not"
    assert client.tasks() == [], "known keys are accepted meanwhile"
    deadline = time.monotonic() + PATIENCE
    while unknown(0) != 401:
        assert time.monotonic() < deadline, "the keys are never fetched again"
        time.sleep(1)


@pytest.mark.parametrize("title", [TOO_LONG, "", " ", "a\0b"], ids=["long", "empty", "blank", "NUL"])
def test_a_title_without_measure_is_refused_by_the_api(client, title):
    headers = {"Authorization": f"Bearer {client.token()}"}
    answer = requests.post(f"{client.backend}/api/tasks", json={"title": title}, headers=headers, timeout=TIMEOUT)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "title"])


def test_a_title_without_measure_is_refused_by_the_tool(cluster, client):
    answer = in_pod(cluster, "deployment/backend-api", ADD_TASK.format(title=TOO_LONG, token=client.token()))
    assert answer.startswith("True ") and "at most 200 characters" in answer
    assert sql(cluster, f"SELECT count(*) FROM task WHERE title = '{TOO_LONG}'") == [["0"]]


def test_the_page_accepts_no_title_without_measure(client):
    assert 'name="title"' in (form := client.page("/dashboard").text) and 'maxLength="200"' in form


def test_a_task_id_that_is_none_is_refused(client):
    headers = {"Authorization": f"Bearer {client.token()}"}
    assert requests.post(f"{client.backend}/api/tasks/%00/complete", headers=headers, timeout=TIMEOUT).status_code == 422


@pytest.mark.parametrize(("url", "refusals"), STRANGERS.values(), ids=STRANGERS)
def test_an_event_of_a_stranger_is_refused(cluster, url, refusals):
    event_id = str(uuid.uuid4())
    assert in_pod(cluster, "deployment/backend-api", SEND.format(event_id=event_id, url=url)) in refusals
    assert sql(cluster, f"SELECT count(*) FROM audit_log WHERE details->>'event_id' = '{event_id}'") == [["0"]]


def test_an_event_that_can_never_be_written_is_dropped(cluster):
    bodies = [json.dumps(event) for event in NEVER_WRITTEN.values()]
    answers = in_pod(cluster, "deployment/audit-service", DELIVER.format(bodies=bodies)).split()
    assert dict(zip(NEVER_WRITTEN, answers, strict=True)) == dict.fromkeys(NEVER_WRITTEN, "DROP")


def test_an_event_that_dapr_refuses_does_not_hold_up_the_others(cluster, client):
    """It is larger than what Dapr accepts, and older than all others."""
    event_id, title = str(uuid.uuid4()), f"behind {uuid.uuid4().hex[:8]}"
    payload = f"jsonb_build_object('event_id', '{event_id}', 'event_type', 'test.large', 'title', repeat('x', 5 * 1024 * 1024))"
    sql(cluster, f"INSERT INTO event_outbox (event_id, payload, created_at) VALUES ('{event_id}', {payload}, now() - interval '1 day')")
    try:
        client.add_task(title)
        assert len(wait_for_audit_row(cluster, title)) == 1
        assert sql(cluster, f"SELECT count(*) FROM event_outbox WHERE event_id = '{event_id}'") == [["1"]], "it is kept"
    finally:
        sql(cluster, f"DELETE FROM event_outbox WHERE event_id = '{event_id}'")
    assert audit_rows(cluster, title) == [["task.created", client.tasks()[-1]["id"]]]
