# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stored objects compared with those of the release. The stored ones were recorded on Kubernetes 1.33, the released ones are of Dapr 1.16's chart."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.release_diff import differences, is_suspect, restored, summary

METADATA = {"name": "x", "namespace": "dapr-system", "labels": {"app": "x"}}
STORED = {**METADATA, "uid": "u", "resourceVersion": "7", "labels": {"app": "x", "app.kubernetes.io/managed-by": "Helm"}}
PROBE = {"httpGet": {"path": "/healthz", "port": 8080}, "initialDelaySeconds": 3, "periodSeconds": 3, "failureThreshold": 5}
STORED_PROBE = {**PROBE, "httpGet": {**PROBE["httpGet"], "scheme": "HTTP"}, "successThreshold": 1, "timeoutSeconds": 1}
FIELD = {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
STORED_FIELD = {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}}


def obj(kind: str, released: dict, stored: dict) -> tuple[dict, dict]:
    """(the released object, the stored one)."""
    return {"apiVersion": "v1", "kind": kind, "metadata": METADATA, **released}, {"metadata": STORED, **stored, "status": {"some": "thing"}}


def deployment(kind: str = "Deployment", **template) -> tuple[dict, dict]:
    container = {"name": "x", "image": "x:1", "livenessProbe": PROBE, "env": [FIELD, {"name": "EMPTY", "value": ""}], "securityContext": {"runAsNonRoot": True}}
    stored = {
        "name": "x", "image": "x:1", "livenessProbe": STORED_PROBE, "env": [STORED_FIELD, {"name": "EMPTY"}], "securityContext": {"runAsNonRoot": True},
        "imagePullPolicy": "IfNotPresent", "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    }  # fmt: skip
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "x"}}}
    pod = {"serviceAccountName": "x", "volumes": [{"name": "tls", "configMap": {"name": "b"}}], "containers": [container]}
    stored_pod = {
        "serviceAccountName": "x", "serviceAccount": "x", "volumes": [{"name": "tls", "configMap": {"name": "b", "defaultMode": 420}}], "containers": [stored],
        "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
        "terminationGracePeriodSeconds": 30, **template,
    }  # fmt: skip
    annotations = {"kubectl.kubernetes.io/restartedAt": "2025-03-01T12:00:00Z"}
    update = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    return obj(
        kind, {"spec": {**spec, "template": {"metadata": {"labels": {"app": "x"}}, "spec": pod}}},
        {"spec": {**spec, "strategy": update, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
                  "template": {"metadata": {"creationTimestamp": None, "labels": {"app": "x"}, "annotations": annotations}, "spec": stored_pod}}},
    )  # fmt: skip


SERVICE = obj(
    "Service",
    {"spec": {"selector": {"app": "x"},
              "ports": [{"name": "https", "port": 443, "targetPort": "https", "protocol": "TCP"}, {"name": "raft", "port": 8201}]}},
    {"spec": {"selector": {"app": "x"}, "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"],
              "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "type": "ClusterIP",
              "ports": [{"name": "https", "port": 443, "targetPort": "https", "protocol": "TCP"},
                        {"name": "raft", "port": 8201, "targetPort": 8201, "protocol": "TCP"}]}},
)  # fmt: skip
WEBHOOK = obj(
    "MutatingWebhookConfiguration",
    {"webhooks": [{"name": "w", "clientConfig": {"service": {"namespace": "dapr-system", "name": "x", "path": "/mutate"}}, "failurePolicy": "Ignore",
                   "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]}]},
    {"webhooks": [{"name": "w", "clientConfig": {"caBundle": "QQ==", "service": {"namespace": "dapr-system", "name": "x", "path": "/mutate", "port": 443}},
                   "failurePolicy": "Ignore", "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}, "timeoutSeconds": 10,
                   "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}]}]},
)  # fmt: skip
CONVERSION = {"strategy": "Webhook", "webhook": {"clientConfig": {"service": {"namespace": "replaceme", "name": "dapr-webhook"}}}}
PATCHED_SERVICE = {"namespace": "dapr-system", "name": "dapr-webhook", "port": 443}
PATCHED = {"strategy": "Webhook", "webhook": {"clientConfig": {"service": PATCHED_SERVICE, "caBundle": "QQ=="}}}
CRD = obj("CustomResourceDefinition", {"spec": {"group": "dapr.io", "conversion": CONVERSION}}, {"spec": {"group": "dapr.io", "conversion": PATCHED}})
ROLE = obj("ClusterRole", {"rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]},
           {"rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]})  # fmt: skip
ACCOUNT = obj("ServiceAccount", {}, {})
CONFIGURATION = obj("Configuration", {"spec": {"mtls": {"enabled": True}}}, {"spec": {"mtls": {"enabled": True, "more": "1"}, "defaulted": {}}})
ALL = {"deployment": deployment(), "service": SERVICE, "webhook": WEBHOOK, "crd": CRD, "role": ROLE, "account": ACCOUNT, "configuration": CONFIGURATION}


@pytest.mark.parametrize("name", ALL)
def test_what_the_api_server_and_dapr_write_is_no_difference(name):
    released, stored = ALL[name]
    assert not is_suspect(stored, released)


def changed(pair: tuple[dict, dict], path: str, value) -> tuple[dict, dict]:
    """The pair, with one field of the stored object changed; None removes it."""
    released, stored = pair[0], copy.deepcopy(pair[1])
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    target = stored
    for part in parents:
        target = target[part]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return released, stored


CONTAINER = "spec/template/spec/containers/0"


@pytest.mark.parametrize(
    ("pair", "path", "value"),
    [(SERVICE, "spec/ports/0/targetPort", 4001), (SERVICE, "spec/selector/app", "y"), (SERVICE, "spec/selector", {"app": "x", "more": "1"}),
     (SERVICE, "spec/publishNotReadyAddresses", True), (SERVICE, "metadata/labels/app", "y"),
     (WEBHOOK, "webhooks/0/clientConfig/service/namespace", "other"), (WEBHOOK, "webhooks/0/namespaceSelector", {"matchLabels": {"a": "b"}}),
     (WEBHOOK, "webhooks/0/rules/0/operations", ["UPDATE"]), (ROLE, "rules", []), (ACCOUNT, "automountServiceAccountToken", False),
     (CONFIGURATION, "spec/mtls/enabled", False), (CRD, "spec/group", "other"),
     (deployment(), f"{CONTAINER}/livenessProbe/periodSeconds", 30), (deployment(), f"{CONTAINER}/env", [FIELD]), (deployment(), f"{CONTAINER}/image", "x:2"),
     (deployment(), f"{CONTAINER}/args", ["--more"]), (deployment(), "spec/template/spec/nodeSelector", {"disk": "ssd"}),
     (deployment(), "spec/template/spec/automountServiceAccountToken", False), (deployment(), "spec/template/spec/volumes", [])],
)  # fmt: skip
def test_a_changed_field_is_suspected_and_restored(pair, path, value):
    released, stored = changed(pair, path, value)
    assert is_suspect(stored, released)
    again = restored(stored, released)
    assert again["metadata"]["resourceVersion"] == "7" and not is_suspect(again, released)
    assert differences(stored, again)


def test_restoring_keeps_what_the_release_does_not_decide():
    assert restored(SERVICE[1], SERVICE[0])["spec"]["clusterIP"] == "10.96.0.7"
    assert restored(WEBHOOK[1], WEBHOOK[0])["webhooks"][0]["clientConfig"]["caBundle"] == "QQ=="
    assert restored(CRD[1], CRD[0])["spec"]["conversion"] == PATCHED
    assert restored(CONFIGURATION[1], CONFIGURATION[0])["spec"]["mtls"]["more"] == "1"
    template = restored(*reversed(deployment()))["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]


@pytest.mark.parametrize(("stored", "kept"), [(0, 1), (3, 3)])
def test_replicas_are_never_fewer_than_stored(stored, kept):
    released, live = changed(deployment(), "spec/replicas", stored)
    assert not is_suspect(live, released) and restored(live, released)["spec"]["replicas"] == kept


def test_immutable_fields_of_a_statefulset_stay():
    released, live = changed(deployment("StatefulSet"), "spec/volumeClaimTemplates", [{"metadata": {"name": "data"}}])
    assert restored(live, released)["spec"]["volumeClaimTemplates"] and restored(live, released)["spec"]["selector"]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [(f"{CONTAINER}/livenessProbe/periodSeconds", 30, "spec.template.spec.containers[x].livenessProbe.periodSeconds is 30 instead of 3"),
     (f"{CONTAINER}/env", [{"name": "NAMESPACE", "value": "s3cret"}],
      "spec.template.spec.containers[x].env.EMPTY is not set instead of another value"),
     ("metadata/labels/app", "y", "metadata.labels.app is y instead of x")],
)  # fmt: skip
def test_differences_are_sentences_without_values_of_variables(path, value, sentence):
    released, stored = changed(deployment(), path, value)
    found = differences(stored, restored(stored, released))
    assert sentence in found and "s3cret" not in " ".join(found)


def test_evidence_of_many_differences_is_short():
    assert summary(["a", "b", "c", "d", "e"]) == "it differs from the release: a; b; c, and 2 more"
