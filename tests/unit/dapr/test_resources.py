# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dapr's resources and sidecars as the playbook dapr.yml reports them."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.resources import observe, report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecar_lines import sidecar_lines
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

OBJECTS = {
    "Component": [
        {"metadata": {"name": "pubsub"}, "scopes": ["backend-api"], "spec": {"type": "pubsub.redis", "version": "v1", "metadata": [
            {"name": "redisHost", "value": "redis:6379"}, {"name": "redisPassword", "secretKeyRef": {"name": "redis-secrets", "key": "password"}},
            {"name": "consumerID", "value": "a-value-in-clear"}]}},
        {"metadata": {"name": "state"}, "spec": {"type": "state.redis", "version": "v1"}},
    ],
    "Subscription": [
        {"metadata": {"name": "tasks"}, "scopes": ["audit"], "spec": {
            "pubsubname": "pubsub", "topic": "task-events", "deadLetterTopic": "failed",
            "routes": {"rules": [{"match": "event.type == 'x'", "path": "/x"}], "default": "/tasks"}}},
        {"metadata": {"name": "old"}, "spec": {"pubsubname": "pubsub", "topic": "old", "route": "/old"}},
    ],
    "Configuration": [{"metadata": {"name": "tracing"}}],
}  # fmt: skip


class Cluster:
    """Answers with OBJECTS, or with an error for the kinds in ``errors``."""

    def __init__(self, **errors):
        self.errors = errors

    def list(self, kind, _namespace):
        if kind in self.errors:
            raise ApiError("GET /apis/dapr.io: refused", self.errors[kind], "", api_message="conversion webhook failed")
        return OBJECTS[kind]


def test_resources_without_the_values_in_them():
    result = report(*observe(Cluster(), "default"))
    assert result["summary"] == [
        "Component pubsub: pubsub.redis v1, only for backend-api, values from Secret redis-secrets", "Component state: state.redis v1",
        "Subscription tasks: topic task-events of pubsub to /x, /tasks, failed events go to failed, only for audit",
        "Subscription old: topic old of pubsub to /old", "Configuration tracing",
    ]  # fmt: skip
    assert "a-value-in-clear" not in str(result) and "redis:6379" not in str(result)


def test_a_kind_that_cannot_be_read_does_not_hide_the_others():
    result = report(*observe(Cluster(Subscription=500), "default"))
    assert len(result["components"]) == 2 and result["subscriptions"] == []
    (problem,) = result["problems"]
    assert problem == "Subscription objects cannot be read: conversion webhook failed. Recover Dapr: ansible-playbook runbook.minikube.recover_dapr"


def test_without_dapr_the_kinds_do_not_exist():
    result = report(*observe(Cluster(Component=404, Subscription=404, Configuration=404), "default"))
    assert len(result["problems"]) == 3 and "Dapr is not installed" in result["problems"][0]


def test_missing_permission_is_named():
    with pytest.raises(RunbookError, match="Not allowed to list subscriptions.dapr.io in namespace default"):
        observe(Cluster(Subscription=403), "default")


def sidecar(**changes) -> dict:
    dapr = {"app_id": "backend", "version": "1.16.0", "healthy": True, "components": [{"name": "pubsub", "type": "pubsub.redis"}],
            "subscriptions": [{"topic": "t", "pubsub": "pubsub", "paths": ["/a", "/b"]}], **changes}  # fmt: skip
    return {"name": "backend-api", "pod": "backend-api-1", "dapr": dapr}


def test_a_line_for_each_sidecar_and_the_problems():
    result = {"workloads": [sidecar(), sidecar(app_id="", version="", healthy=False, components=[], subscriptions=[])], "problems": ["It is stuck."]}
    assert sidecar_lines(result) == [
        "backend-api (pod backend-api-1): app-id backend, daprd 1.16.0, healthy. Components: pubsub (pubsub.redis). "
        "Subscriptions: t of pubsub to /a, /b.",
        "backend-api (pod backend-api-1): app-id unknown, daprd unknown, not healthy. Components: none. Subscriptions: none.", "It is stuck.",
    ]  # fmt: skip


@pytest.mark.parametrize(("result", "line"), [
    ({"published": {"status": 204}}, "Sent an event to topic t of p from Deployment/a: HTTP status 204."),
    ({"published": {"status": None}}, "Sent an event to topic t of p from Deployment/a: no response."),
    ({"would_publish": {}}, "Would publish an event to topic t of p from Deployment/a."),
])  # fmt: skip
def test_the_event_is_reported(result, line):
    event = {"pubsub": "p", "topic": "t", "workload": "Deployment/a"}
    assert sidecar_lines({"workloads": [], "problems": [], **{key: {**event, **value} for key, value in result.items()}}) == [line]
