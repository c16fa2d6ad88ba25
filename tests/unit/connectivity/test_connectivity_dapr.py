# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a sidecar's answers mean, and when an event may be published."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity import dapr_publish
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr import requests, sidecar_of
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import BROKEN, REFUSED, TIMED_OUT, Answer
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from connectivity_data import DAPRD, GOOD, TARGET, told

NOT_READY = Answer(500, '{"errorCode":"ERR_HEALTH_NOT_READY","message":"dapr is not ready: [runtime]"}')
REFUSAL, SILENCE = Answer(None, "", REFUSED, "refused"), Answer(None, "", TIMED_OUT, "timed out")
PUBLISH = {"pubsub": "pubsub", "topic": "probe", "data": None, "to_consumers": False}


def test_what_is_asked():
    asked = requests(dataclasses.replace(DAPRD, http_port=3600))
    assert [(one.method, one.host, one.port, one.path) for one in asked] == [
        ("GET", "127.0.0.1", 3600, path) for path in ("/v1.0/healthz", "/v1.0/healthz/outbound", "/v1.0/metadata")
    ]
    assert asked[0].secret_headers == {"dapr-api-token": "DAPR_API_TOKEN"}


def test_one_that_is_well():
    assert sidecar_of(DAPRD, [GOOD, GOOD, told()]).to_dict() == {
        "http_port": 3500, "healthy": True, "health": {"status": 204, "body": ""}, "outbound": {"status": 204},
        "app_id": "backend", "version": "1.16.0",
        "components": [
            {"name": "pubsub", "type": "pubsub.redis", "version": "v1", "capabilities": []},
            {"name": "store", "type": "state.redis", "version": "v1", "capabilities": ["ETAG"]},
        ],
        "subscriptions": [{"pubsub": "pubsub", "topic": "tasks", "paths": ["/events/task"]}],
        "app": {"port": 8000, "protocol": "http"}, "actors": {"status": "RUNNING", "types": ["Cart"]}, "problem": "",
    }  # fmt: skip


def test_rules_as_other_versions_tell_them():
    nested = {"pubsubname": "pubsub", "topic": "tasks", "rules": {"rules": [{"path": "/a"}, {"match": "x", "path": "/b"}]}}
    (found,) = sidecar_of(DAPRD, [GOOD, GOOD, told(subscriptions=[nested])]).subscriptions
    assert found == {"pubsub": "pubsub", "topic": "tasks", "paths": ["/a", "/b"]}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([REFUSAL] * 3, "does not listen at port 3500: connection refused. daprd is starting, or waits for the control plane"),
        ([SILENCE] * 3, "is stuck: port 3500 takes connections, and no answer comes.*recover_dapr.yml"),
        ([GOOD, SILENCE, SILENCE], "is stuck"),
        ([NOT_READY, GOOD, told()], r"its application does not listen at its app-port 8000, or not yet \(HTTP status 500, .*\[runtime\].*-c app"),
        ([NOT_READY, NOT_READY, told()], "has not initialised its components yet"),
        ([GOOD, NOT_READY, told()], r"not for what that sends \(HTTP status 500\)"),
        ([Answer(None, "", BROKEN, "reset")] * 3, r"breaks the connection off \(reset\)"),
        ([GOOD, GOOD, Answer(401)], r"asks for an API token \(401\)\. Give container app the variable DAPR_API_TOKEN"),
        ([GOOD, GOOD, Answer(500)], r"does not tell its metadata \(HTTP status 500\)"),
        ([GOOD, GOOD, Answer(200, "<html>")], "does not tell its metadata"),
        ([GOOD, GOOD, Answer(200, "[]")], "does not tell its metadata"),
        ([GOOD, GOOD, SILENCE], r"\(timed out: timed out\)"),
        ([GOOD, GOOD, told(components=[])], "topic tasks of component pubsub, which is missing: the sidecar has loaded no component.*app ID backend"),
    ],
)
def test_problems_say_what_and_where_and_what_next(answers, words):
    seen = sidecar_of(DAPRD, answers)
    assert re.search(words, seen.problem), seen.problem
    assert TARGET.where in seen.problem and seen.to_dict()["healthy"] is False


def test_why_nobody_listens_is_told_where_the_pod_knows():
    seen = sidecar_of(dataclasses.replace(DAPRD, state="CrashLoopBackOff"), [REFUSAL] * 3)
    assert "connection refused (its container: CrashLoopBackOff)" in seen.problem


def sidecars(*subscribed, health=GOOD):
    rows = [{"pubsubname": "pubsub", "topic": topic, "rules": []} for topic in subscribed]
    return [sidecar_of(DAPRD, [GOOD, GOOD, told(subscriptions=[])]), sidecar_of(DAPRD, [health, GOOD, told(subscriptions=rows)])]


def test_an_event_that_nobody_takes_may_be_published():
    assert dapr_publish.hindrance(PUBLISH, sidecars("tasks", "probes", "prob")) == ""


@pytest.mark.parametrize("subscribed", ["probe", "#", "pro*", "prob+/x", "pr#"])
def test_a_topic_with_a_consumer_is_refused_whichever_sidecar_shows_it(subscribed):
    with pytest.raises(RunbookError, match=r"publish\.topic: Deployment/backend is subscribed .* publish\.to_consumers"):
        dapr_publish.hindrance(PUBLISH, sidecars("tasks", subscribed))
    assert dapr_publish.hindrance({**PUBLISH, "to_consumers": True}, sidecars(subscribed)) == ""


@pytest.mark.parametrize("pubsub", ["pubsubs", "store"])
def test_a_component_that_is_not_there_is_refused(pubsub):
    with pytest.raises(RunbookError, match=rf"publish\.pubsub: .* no pub/sub component {pubsub}\. It has pubsub\."):
        dapr_publish.hindrance({**PUBLISH, "pubsub": pubsub, "to_consumers": True}, sidecars())


def test_nothing_is_published_while_a_consumer_may_hide():
    hidden = sidecars("tasks", health=NOT_READY)
    assert "Nothing was published" in dapr_publish.hindrance(PUBLISH, hidden)
    assert dapr_publish.hindrance({**PUBLISH, "to_consumers": True}, hidden) == ""
    assert "Nothing was published" in dapr_publish.hindrance({**PUBLISH, "to_consumers": True}, hidden[::-1]), "the one that publishes must be well"


def test_the_event():
    first, second = dapr_publish.request({**PUBLISH, "topic": "a b/c"}, DAPRD), dapr_publish.request(PUBLISH, DAPRD)
    assert (first.method, first.path) == ("POST", "/v1.0/publish/pubsub/a%20b/c?metadata.ttlInSeconds=60")
    assert second.secret_headers and json.loads(first.body)["probe"] is True
    assert json.loads(first.body)["id"] != json.loads(second.body)["id"]
    assert dapr_publish.request({**PUBLISH, "data": {}}, DAPRD).body == "{}"


@pytest.mark.parametrize(
    ("answer", "out", "words"),
    [
        (Answer(204), True, ""),
        (SILENCE, True, r"was not answered \(timed out\); the event may be out"),
        (Answer(None, "", BROKEN, "reset"), True, r"\(reset\); the event may be out"),
        (REFUSAL, False, r"was not answered \(refused\)\. See"),
        (Answer(403, "topic probe is not allowed"), False, r"status 403 \(topic probe is not allowed\).*publishingScopes"),
        (Answer(500), False, "status 500. See whether the component's broker runs"),
    ],
)
def test_what_became_of_it(answer, out, words):
    assert dapr_publish.may_be_out(answer) is out
    problem = dapr_publish.problem_of(PUBLISH, TARGET, answer)
    assert bool(problem) is bool(words)
    assert re.search(words, problem), problem
