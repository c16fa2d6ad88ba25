# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests as people write them, applied by the role rollout to a namespace of the tests' own."""

from __future__ import annotations

import json
import uuid

import pytest
from harness import Run

from roles import Roles

pytestmark = pytest.mark.phase("beside", "manifests")
APPLY = "tests/cluster/playbooks/apply.yml"
CHARACTERS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: characters}
data:
  emoji: ship it 🚀
  at: 12:30:45
  day: 2024-01-01
  equals: =
  crontab: |
    * * * * * root run
"""
STORED = {"emoji": "ship it 🚀", "at": "12:30:45", "day": "2024-01-01", "equals": "=", "crontab": "* * * * * root run\n"}
ACCOUNT_AND_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: job}
spec:
  serviceAccountName: runner
  restartPolicy: Never
  containers: [{name: main, image: registry.invalid/none}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
"""


@pytest.fixture(scope="module")
def namespace(cluster):
    name = f"manifests-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def apply(cluster, namespace, tmp_path):
    """Applies texts of manifests, one file each."""

    def run(*texts: str, check: bool = False, workloads: tuple[dict, ...] = ()) -> Run:
        files = [tmp_path / f"{number}.yml" for number, _text in enumerate(texts)]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text)
        variables = {"rollout_kubeconfig": str(cluster.kubeconfig), "rollout_context": cluster.profile, "rollout_namespace": namespace}
        variables["rollout_workloads"] = list(workloads)
        return Roles().run(APPLY, *(["--check"] if check else []), **variables, rollout_manifests=[str(file) for file in files])

    return run


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: b}}\n"


def test_values_are_stored_as_kubectl_stores_them(cluster, namespace, apply):
    assert apply(CHARACTERS).ok().recap["changed"] == 1
    stored = json.loads(cluster.kubectl("get", "configmap", "characters", "-n", namespace, "-o", "json"))["data"]
    assert stored == STORED
    printed = cluster.kubectl("annotate", "--local", "-f", "-", "of=kubectl", "-o", "json", stdin=CHARACTERS)
    assert json.loads(printed)["data"] == STORED
    assert apply(CHARACTERS).ok().recap["changed"] == 0


def test_a_custom_resource_with_its_definition(cluster, namespace, apply):
    kind = f"T{uuid.uuid4().hex[:8]}"
    resource = f"apiVersion: tests.runbook.example/v1\nkind: {kind}\nmetadata: {{name: one}}\nspec: hello\n"
    plural = f"{kind.lower()}s"
    definition = json.dumps({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.tests.runbook.example"},
        "spec": {"group": "tests.runbook.example", "scope": "Namespaced", "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
                 "versions": [{"name": "v1", "served": True, "storage": True,
                               "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]},
    })  # fmt: skip
    try:
        checked = apply(resource, definition, check=True).ok()
        assert f"{kind} one in namespace {namespace}: created" in checked.output and plural not in cluster.kubectl("get", "crd", "-o", "name")
        assert apply(resource, definition).ok().recap["changed"] == 1
        assert cluster.kubectl("get", plural, "-n", namespace, "-o", "name").strip()
        assert apply(resource, definition).ok().recap["changed"] == 0
    finally:
        cluster.kubectl("delete", "crd", f"{plural}.tests.runbook.example", "--ignore-not-found")


def test_a_pod_with_its_service_account(cluster, namespace, apply):
    made = apply(ACCOUNT_AND_POD).ok()
    assert f"Pod job in namespace {namespace}: created" in made.output, made.output[-3000:]
    assert cluster.kubectl("get", "pod", "job", "-n", namespace, "-o", "jsonpath={.spec.serviceAccountName}") == "runner"


SLOW = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: slow}
spec:
  selector: {matchLabels: {app: slow}}
  template:
    metadata: {labels: {app: slow}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - {name: main, image: "busybox:latest", imagePullPolicy: IfNotPresent, command: [sleep, "600"],
           readinessProbe: {exec: {command: ["true"]}, initialDelaySeconds: 15}}
"""


@pytest.mark.long
def test_a_rollout_shows_what_it_waits_for(apply):
    output = apply(SLOW, workloads=({"kind": "Deployment", "name": "slow"},)).ok().output
    assert "  0 of 1 ready; slow: " in output, output[-3000:]


@pytest.mark.parametrize("check", [True, False])
def test_nothing_is_applied_where_one_object_is_refused(cluster, namespace, apply, check):
    refused = apply(config_map("before"), "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: [{port: 70000}]}\n", check=check)
    assert refused.status != 0 and f"Service bad in namespace {namespace} cannot be applied" in refused.output, refused.output[-3000:]
    assert "Nothing was applied." in refused.output
    assert "before" not in cluster.kubectl("get", "configmaps", "-n", namespace, "-o", "name")


def test_an_object_that_is_being_deleted_is_named_with_its_finalizers(cluster, namespace, apply):
    cluster.kubectl("create", "configmap", "going", "-n", namespace)
    cluster.kubectl("patch", "configmap", "going", "-n", namespace, "--type=merge", "-p", '{"metadata": {"finalizers": ["tests.runbook.example/hold"]}}')
    try:
        cluster.kubectl("delete", "configmap", "going", "-n", namespace, "--wait=false")
        refused = apply(config_map("going"))
        assert refused.status != 0 and "it is being deleted since" in refused.output and "tests.runbook.example/hold" in refused.output, refused.output[-3000:]
    finally:
        cluster.kubectl("patch", "configmap", "going", "-n", namespace, "--type=merge", "-p", '{"metadata": {"finalizers": null}}')


@pytest.mark.parametrize("check", [True, False])
def test_a_namespace_that_nobody_creates_is_named(cluster, namespace, apply, check):
    stranger = config_map("stranger").replace("name: stranger", "name: stranger, namespace: nobody-creates-it")
    refused = apply(config_map("beside"), stranger, check=check)
    assert refused.status != 0 and "The namespaces nobody-creates-it do not exist" in " ".join(refused.output.split()), refused.output[-3000:]
    assert "beside" not in cluster.kubectl("get", "configmaps", "-n", namespace, "-o", "name")
