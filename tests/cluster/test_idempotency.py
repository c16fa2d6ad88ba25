# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One request makes one task and one audit row, whatever is called, sent or delivered twice; and what happens without the three layers."""

from __future__ import annotations

import concurrent.futures
import random
import time
import uuid

import pytest
from todo_client import TodoClient, whole_answer
from todo_layers import WAYS, answered, chat_twice, counted, locked, logged, new_title, switch, three_replicas, titles, wait_until, waiting
from todo_pods import audit_rows, in_pod, sql, wait_for_audit_row

pytestmark = pytest.mark.phase("application")
SHORT = "concurrently"
ALL_WAYS = [pytest.param(way, marks=[] if way == SHORT else pytest.mark.long) for way in WAYS]

# Runs in backend-api's pod: each title in two calls of the tool, 2 ms apart, over connections of their own. Prints how many were the second.
CALL_TWICE = """
import concurrent.futures, time, httpx
headers = {{"Authorization": "Bearer " + {token!r}, "Accept": "application/json, text/event-stream"}}
def post(number):
    time.sleep(0.002 * (number % 2))
    arguments = {{"title": f"{title} {{number // 2}}"}}
    call = {{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {{"name": "add_task", "arguments": arguments}}}}
    return httpx.post("http://mcp-server:8001/mcp", json=call, headers=headers, timeout=300).json()["result"]["structuredContent"]
with concurrent.futures.ThreadPoolExecutor(20) as pool:
    print(sum(bool(result.get("idempotent")) for result in pool.map(post, range(2 * {count}))))
"""

# Runs in backend-api's pod: publishes each event several times, in the order of the list.
PUBLISH = """
import time, httpx
url = "http://127.0.0.1:3500/v1.0/publish/pubsub/task-events"
with httpx.Client(timeout=60) as client:
    for event_id in {event_ids!r}:
        event = {{"event_id": event_id, "event_type": "test.redelivered", "task_id": {task_id!r}}}
        client.post(url, json=event).raise_for_status()
        time.sleep({pause})
"""


@pytest.fixture
def client(addresses) -> TodoClient:
    return TodoClient.signed_up(*addresses)


@pytest.fixture
def unprotected(cluster, changes):
    """The application without its layers."""
    switch(cluster, "off")
    yield
    switch(cluster, "on")


def redelivered(cluster, client: TodoClient, title: str) -> list[list[str]]:
    """The audit rows of a task whose event comes again: Dapr redelivers one that audit-service does not acknowledge in 15 s."""
    with locked(cluster, "audit_log"):
        client.add_task(title)
        waiting(cluster, 2)
    return wait_for_audit_row(cluster, title)


@pytest.mark.parametrize("way", ALL_WAYS)
def test_without_the_layers_one_request_makes_two_tasks(cluster, client, unprotected, way):
    title, sent, delivered = new_title(), new_title(), new_title()
    chat_twice(cluster, client, way, title)
    assert titles(client).count(title) >= 2
    wait_until(lambda: len(audit_rows(cluster, title)) >= 2, "two audit rows")
    key = uuid.uuid4().hex
    assert [client.request("POST", "tasks", {"title": sent}, key).status_code for _time in range(2)] == [201, 201]
    assert titles(client).count(sent) == 2
    assert len(redelivered(cluster, client, delivered)) >= 2


@pytest.mark.parametrize("way", ALL_WAYS)
def test_a_tool_that_is_called_twice_makes_one_task(cluster, client, way):
    title, before = new_title(), counted(cluster, "tool")
    chat_twice(cluster, client, way, title)
    assert titles(client) == [title]
    assert len(wait_for_audit_row(cluster, title)) == 1
    duplicates = logged(cluster, "tool", client.tasks()[0]["id"])
    assert len(duplicates) == counted(cluster, "tool") - before >= 1
    assert len(duplicates) == 1 or way == "after a time-out", "a busy machine may need more than two attempts"


def test_a_redelivered_event_is_written_once(cluster, client):
    title, before = new_title(), counted(cluster, "event")
    assert len(redelivered(cluster, client, title)) == 1
    wait_until(lambda: counted(cluster, "event") > before, "a counted duplicate")
    event_id = sql(cluster, f"SELECT details->>'event_id' FROM audit_log WHERE details->>'title' = '{title}'")[0][0]
    assert logged(cluster, "event", event_id)


def test_a_request_is_executed_once_for_its_key(cluster, client, addresses):
    title, key, before = new_title(), uuid.uuid4().hex, counted(cluster, "request")
    first, again = (client.request("POST", "tasks", {"title": title}, key) for _time in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {**first.json(), "idempotent": True} != first.json()
    assert client.request("POST", "tasks", {"title": "other"}, key).status_code == 422
    assert titles(client) == [title]
    assert (len(logged(cluster, "request", client.user_id[:20])), counted(cluster, "request")) == (1, before + 1)
    other = TodoClient.signed_up(*addresses)
    assert other.request("POST", "tasks", {"title": title}, key).json()["idempotent"] is False, "the answer to another user"
    assert client.request("POST", "tasks", {"title": title}).json()["idempotent"] is False, "a new submit of the same title"


def test_without_a_key_the_same_body_is_the_same_request_for_a_minute(cluster, client):
    title = new_title()
    first, again = (client.request("POST", "tasks", {"title": title}, key="").json() for _time in range(2))
    assert (again["id"], again["idempotent"]) == (first["id"], True)
    expire(cluster, client)
    assert client.request("POST", "tasks", {"title": title}, key="").json()["idempotent"] is False
    assert titles(client) == [title] * 2


def expire(cluster, client: TodoClient) -> None:
    sql(cluster, f"UPDATE idempotency_request SET expires_at = now() - interval '1 second' WHERE user_id = '{client.user_id}'")


def test_a_failed_attempt_does_not_stand_in_the_way_of_the_next(cluster, client):
    title, key = new_title(), uuid.uuid4().hex
    constraint = f"ALTER TABLE task ADD CONSTRAINT refuse CHECK (title <> '{title}') NOT VALID"
    sql(cluster, constraint)
    try:
        assert client.request("POST", "tasks", {"title": title}, key).status_code == 500
    finally:
        sql(cluster, "ALTER TABLE task DROP CONSTRAINT refuse")
    assert client.request("POST", "tasks", {"title": title}, key).json()["idempotent"] is False
    assert titles(client) == [title]


def test_the_same_request_in_flight_is_refused(cluster, client):
    title, key = new_title(), uuid.uuid4().hex
    with concurrent.futures.ThreadPoolExecutor(1) as pool, locked(cluster, "task"):
        first = pool.submit(client.request, "POST", "tasks", {"title": title}, key)
        waiting(cluster, 1)
        assert client.request("POST", "tasks", {"title": title}, key).status_code == 409
    assert first.result().json()["idempotent"] is False
    assert client.request("POST", "tasks", {"title": title}, key).json()["idempotent"] is True
    assert titles(client) == [title]


def test_an_answer_is_written_though_its_client_leaves(cluster, client):
    title, key = new_title(), uuid.uuid4().hex
    body = {"message": f"Please add a task to {title}", "history": []}
    with locked(cluster, "task"):
        client.request("POST", "chat", body, key, stream=True).close()
        waiting(cluster, 1)
        again = client.request("POST", "chat", body, key)
        assert (again.status_code, again.headers["Retry-After"]) == (409, "1")
        assert client.request("POST", "chat", {"message": "another"}, key).status_code == 422
    assert whole_answer(answered(client, "chat", body, key)) == (f'I added the task "{title}".', {"idempotent": True})
    assert titles(client) == [title]
    assert len(wait_for_audit_row(cluster, title)) == 1


@pytest.mark.long
def test_the_request_of_a_replica_that_died_is_executed_by_another(cluster, client):
    title, key = new_title(), uuid.uuid4().hex
    body = {"message": f"Please add a task to {title}", "history": []}
    with locked(cluster, "task"):
        client.request("POST", "chat", body, key, stream=True).close()
        waiting(cluster, 1)
        kill_pods(cluster, "backend-api")
    cluster.kubectl("rollout", "status", "deployment/backend-api", "--timeout=500s")
    answer, _done = whole_answer(answered(client, "chat", body, key))
    assert answer == f'I added the task "{title}".'
    assert titles(client) == [title]
    assert len(wait_for_audit_row(cluster, title)) == 1


def kill_pods(cluster, workload: str) -> None:
    """Ends the pods of a workload at once, as a node that loses power does."""
    cluster.kubectl("delete", "pod", "-l", f"app.kubernetes.io/name={workload}", "--grace-period=0", "--force", "--wait=true")


@pytest.mark.long
def test_two_hundred_double_calls_of_a_tool_at_three_replicas_make_two_hundred_tasks(cluster, client, changes):
    title = new_title()
    with three_replicas(cluster, "tool"):
        program = CALL_TWICE.format(token=client.token(), title=title, count=200)
        assert in_pod(cluster, "deployment/backend-api", program) == "200"
        assert len(logged(cluster, "tool", client.user_id[:20])) == 200
    assert sorted(titles(client)) == sorted(f"{title} {number}" for number in range(200))
    wait_until(lambda: number_of_events(cluster, client.user_id) == [["200", "200"]], "one audit row for each task")


@pytest.mark.long
def test_two_hundred_double_requests_at_three_replicas_make_two_hundred_tasks(cluster, client, changes):
    keys = [key for _number in range(200) for key in [new_title()] * 2]
    with three_replicas(cluster, "request"), concurrent.futures.ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(lambda key: client.request("POST", "tasks", {"title": key}, key), keys))
        assert len(logged(cluster, "request", client.user_id[:20])) == 200
    assert {response.status_code for response in responses} <= {201, 409}
    assert sum(response.status_code == 201 and not response.json()["idempotent"] for response in responses) == 200
    assert sorted(titles(client)) == sorted(set(keys))
    wait_until(lambda: number_of_events(cluster, client.user_id) == [["200", "200"]], "one audit row for each task")


def number_of_events(cluster, user_id: str) -> list[list[str]]:
    return sql(cluster, f"SELECT count(*), count(DISTINCT task_id) FROM audit_log WHERE user_id = '{user_id}'")


@pytest.mark.long
def test_a_thousand_deliveries_are_written_once_each_though_the_subscriber_is_killed(cluster, changes):
    run = uuid.uuid4().hex[:8]
    event_ids = [f"{run}-{number}" for number in range(250)]
    deliveries = event_ids * 4
    random.Random(run).shuffle(deliveries)
    program = PUBLISH.format(event_ids=deliveries, task_id=run, pause=0.05)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        published = pool.submit(in_pod, cluster, "deployment/backend-api", program)
        while not published.done():
            time.sleep(random.uniform(1, 10))
            kill_pods(cluster, "audit-service")
        published.result()
    cluster.kubectl("rollout", "status", "deployment/audit-service", "--timeout=500s")
    query = f"SELECT count(*), count(DISTINCT details->>'event_id') FROM audit_log WHERE task_id = '{run}'"
    wait_until(lambda: sql(cluster, query)[0][1] == "250", "every event")
    time.sleep(30)  # the last ones are redelivered after 15 s
    assert sql(cluster, query) == [["250", "250"]]
