# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of a sidecar from its responses, and when an event may be published."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity import publish
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.model import BROKEN, REFUSED, TIMED_OUT, HttpResponse
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.options import PublishOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.sidecar import sidecar_of, sidecar_requests
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from connectivity_data import DAPRD, GOOD, TARGET, metadata_response

NOT_READY = HttpResponse(500, '{"errorCode":"ERR_HEALTH_NOT_READY","message":"dapr is not ready: [runtime]"}')
REFUSAL, SILENCE = HttpResponse(None, "", REFUSED, "refused"), HttpResponse(None, "", TIMED_OUT, "timed out")
PUBLISH = PublishOptions("pubsub", "probe")
ALLOWED = dataclasses.replace(PUBLISH, allow_subscribed=True)


def test_requests():
    requests = sidecar_requests(dataclasses.replace(DAPRD, http_port=3600))
    assert [(one.method, one.host, one.port, one.path) for one in requests] == [
        ("GET", "127.0.0.1", 3600, path) for path in ("/v1.0/healthz", "/v1.0/healthz/outbound", "/v1.0/metadata")
    ]
    assert requests[0].secret_headers == {"dapr-api-token": "DAPR_API_TOKEN"}


def test_healthy_sidecar():
    assert sidecar_of(DAPRD, [GOOD, GOOD, metadata_response()]).to_dict() == {
        "http_port": 3500, "healthy": True, "health": {"status": 204, "body": ""}, "outbound": {"status": 204},
        "app_id": "backend", "version": "1.16.0",
        "components": [
            {"name": "pubsub", "type": "pubsub.redis", "version": "v1", "capabilities": []},
            {"name": "store", "type": "state.redis", "version": "v1", "capabilities": ["ETAG"]},
        ],
        "subscriptions": [{"pubsub": "pubsub", "topic": "tasks", "paths": ["/events/task"]}],
        "app": {"port": 8000, "protocol": "http"}, "actors": {"status": "RUNNING", "types": ["Cart"]}, "problem": "",
    }  # fmt: skip


def test_nested_rules_of_other_versions():
    nested = {"pubsubname": "pubsub", "topic": "tasks", "rules": {"rules": [{"path": "/a"}, {"match": "x", "path": "/b"}]}}
    (found,) = sidecar_of(DAPRD, [GOOD, GOOD, metadata_response(subscriptions=[nested])]).subscriptions
    assert found == {"pubsub": "pubsub", "topic": "tasks", "paths": ["/a", "/b"]}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([REFUSAL] * 3, "does not listen on port 3500: connection refused. daprd is starting, or waits for the control plane"),
        ([SILENCE] * 3, "is stuck: port 3500 accepts connections, but does not answer.*recover_dapr.yml"),
        ([GOOD, SILENCE, SILENCE], "is stuck"),
        ([NOT_READY, GOOD, metadata_response()], r"its application does not listen on its app-port 8000, or not yet \(HTTP status 500, .*\[runtime\].*-c app"),
        ([NOT_READY, NOT_READY, metadata_response()], "has not initialized its components yet"),
        ([GOOD, NOT_READY, metadata_response()], r"not for requests from it \(HTTP status 500\)"),
        ([HttpResponse(None, "", BROKEN, "reset")] * 3, r"closed the connection \(reset\)"),
        ([GOOD, GOOD, HttpResponse(401)], r"requires an API token \(401\)\. Set the variable DAPR_API_TOKEN of container app"),
        ([GOOD, GOOD, HttpResponse(500)], r"its metadata cannot be read \(HTTP status 500\)"),
        ([GOOD, GOOD, HttpResponse(200, "<html>")], "its metadata cannot be read"),
        ([GOOD, GOOD, HttpResponse(200, "[]")], "its metadata cannot be read"),
        ([GOOD, GOOD, SILENCE], r"\(timed out: timed out\)"),
        ([GOOD, GOOD, metadata_response(components=[])],
         "topic tasks of component pubsub, which is missing: the sidecar has loaded no component.*app ID backend"),
    ],
)
def test_problems_name_what_where_and_the_next_step(answers, words):
    sidecar = sidecar_of(DAPRD, answers)
    assert re.search(words, sidecar.problem), sidecar.problem
    assert TARGET.description in sidecar.problem and sidecar.to_dict()["healthy"] is False


def test_state_of_the_container_is_part_of_the_message():
    sidecar = sidecar_of(dataclasses.replace(DAPRD, not_running="CrashLoopBackOff"), [REFUSAL] * 3)
    assert "connection refused (its container: CrashLoopBackOff)" in sidecar.problem


def sidecars(*subscribed, health=GOOD):
    rows = [{"pubsubname": "pubsub", "topic": topic, "rules": []} for topic in subscribed]
    return [sidecar_of(DAPRD, [GOOD, GOOD, metadata_response(subscriptions=[])]), sidecar_of(DAPRD, [health, GOOD, metadata_response(subscriptions=rows)])]


def test_event_without_a_subscriber_may_be_published():
    assert publish.publish_obstacle(PUBLISH, sidecars("tasks", "probes", "prob")) == ""


@pytest.mark.parametrize("subscribed", ["probe", "#", "pro*", "prob+/x", "pr#"])
def test_topic_with_a_subscriber_is_refused(subscribed):
    with pytest.raises(RunbookError, match=r"publish\.topic: Deployment/backend is subscribed .* publish\.allow_subscribed"):
        publish.publish_obstacle(PUBLISH, sidecars("tasks", subscribed))
    assert publish.publish_obstacle(ALLOWED, sidecars(subscribed)) == ""


@pytest.mark.parametrize("pubsub", ["pubsubs", "store"])
def test_missing_component_is_refused(pubsub):
    with pytest.raises(RunbookError, match=rf"publish\.pubsub: .* no pub/sub component {pubsub}\. It has pubsub\."):
        publish.publish_obstacle(dataclasses.replace(ALLOWED, pubsub=pubsub), sidecars())


def test_nothing_is_published_while_subscriptions_are_unknown():
    hidden = sidecars("tasks", health=NOT_READY)
    assert "Nothing was published" in publish.publish_obstacle(PUBLISH, hidden)
    assert publish.publish_obstacle(ALLOWED, hidden) == ""
    assert "Nothing was published" in publish.publish_obstacle(ALLOWED, hidden[::-1]), "the publishing sidecar must be healthy"


def test_event_data_and_topic():
    first, second = publish.publish_request(dataclasses.replace(PUBLISH, topic="a b/c"), DAPRD), publish.publish_request(PUBLISH, DAPRD)
    assert (first.method, first.path) == ("POST", "/v1.0/publish/pubsub/a%20b/c?metadata.ttlInSeconds=60")
    assert second.secret_headers and json.loads(first.body)["probe"] is True
    assert json.loads(first.body)["id"] != json.loads(second.body)["id"]
    assert publish.publish_request(dataclasses.replace(PUBLISH, data={}), DAPRD).body == "{}"


@pytest.mark.parametrize(
    ("answer", "out", "words"),
    [
        (HttpResponse(204), True, ""),
        (SILENCE, True, r"got no response \(timed out\); the event may have been published"),
        (HttpResponse(None, "", BROKEN, "reset"), True, r"\(reset\); the event may have been published"),
        (REFUSAL, False, r"got no response \(refused\)\. Check"),
        (HttpResponse(403, "topic probe is not allowed"), False, r"status 403 \(topic probe is not allowed\).*publishingScopes"),
        (HttpResponse(500), False, "status 500. Check that the component's broker is running"),
    ],
)
def test_outcome_of_publishing(answer, out, words):
    assert publish.may_be_published(answer) is out
    problem = publish.publish_problem(PUBLISH, TARGET, answer)
    assert bool(problem) is bool(words)
    assert re.search(words, problem), problem
