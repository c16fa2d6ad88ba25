# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests: what is refused, the order of the apply, the replacement of images, and the messages about an apply's result."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.runbook.minikube.plugins.filter.manifests import manifests
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.apply_report import changes, refusals
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.manifests import validated, with_images


def obj(kind="ConfigMap", name="a", api_version="v1", **more):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **more}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("text", "f.yml, document 2: expected a Kubernetes object, got str"),
        ({"kind": "ConfigMap"}, "f.yml, document 2: apiVersion is missing"),
        ({"apiVersion": "v1"}, "f.yml, document 2: kind is missing"),
        ({"replicaCount": 1}, "f.yml, document 2: apiVersion and kind are missing: it is no Kubernetes object. Remove the file"),
        ({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}, "f.yml, document 2: Kustomization is a file of kustomize"),
        ({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "m-"}}, "with which each run would create another object. Set metadata.name"),
        ({**obj(), "metadata": {"name": "b", "resourceVersion": "12", "uid": "u"}}, "ConfigMap b has metadata.resourceVersion, metadata.uid, which the API"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, "f.yml, document 2: ConfigMap has no metadata.name"),
        (obj("Secret", "keys", stringData={"a": "do-not-show"}), "f.yml, document 2: Secret keys must not be in a manifest"),
        ({"apiVersion": "v1", "kind": "List", "items": [{}]}, "f.yml, document 2, item 1: apiVersion and kind are missing"),
        (obj(), "f.yml, document 2: ConfigMap a is a duplicate of f.yml, document 1"),
    ],
)
def test_refused(document, message):
    with pytest.raises(RunbookError) as error:
        validated({"f.yml": [obj(), document]}, "default")
    assert message in str(error.value) and "do-not-show" not in str(error.value)


def test_order_namespace_lists_and_empty_documents():
    found = {
        "a.yml": [obj("Deployment", "d", "apps/v1"), None, obj("Service", "s")],
        "b.yml": [{"apiVersion": "v1", "kind": "List", "items": [obj("Namespace", "n"), obj("ConfigMap", "c")]}],
    }
    objects = validated(found, "todo")
    assert [item["kind"] for item in objects] == ["Namespace", "Service", "ConfigMap", "Deployment"]
    assert [item["metadata"].get("namespace") for item in objects] == [None, "todo", "todo", "todo"]
    assert objects[0]["metadata"]["labels"] == {"kubernetes.io/metadata.name": "n"}


def test_members_of_a_typed_list_may_leave_out_their_kind():
    members = [{"metadata": {"name": "a"}}, obj(name="b")]
    objects = validated({"f.yml": [{"apiVersion": "v1", "kind": "ConfigMapList", "items": members}]}, "default")
    assert [(item["apiVersion"], item["kind"], item["metadata"]["name"]) for item in objects] == [("v1", "ConfigMap", "a"), ("v1", "ConfigMap", "b")]


def test_same_name_in_another_namespace_or_group_is_not_a_duplicate():
    other = obj()
    other["metadata"]["namespace"] = "other"
    assert len(validated({"f.yml": [obj(), other, obj("Component", "a", "dapr.io/v1alpha1")]}, "default")) == 3


def pod_spec():
    return {"initContainers": [{"image": "tool"}], "containers": [{"image": "app"}, {"image": "other:1"}]}


@pytest.mark.parametrize(
    "make",
    [
        lambda spec: obj("Pod", spec=spec),
        lambda spec: obj("Deployment", spec={"template": {"spec": spec}}),
        lambda spec: obj("CronJob", spec={"jobTemplate": {"spec": {"template": {"spec": spec}}}}),
    ],
)
def test_images_are_replaced_in_copies_of_every_kind(make):
    before = make(pod_spec())
    expected = {"initContainers": [{"image": "tool:sha-2"}], "containers": [{"image": "app:sha-1"}, {"image": "other:1"}]}
    assert with_images([before], {"app": "app:sha-1", "tool": "tool:sha-2"}) == [make(expected)]
    assert before == make(pod_spec())


OTHER_SHAPES = [
    None, {}, "hello", [1], {"template": "a string"}, {"template": None}, {"containers": "none"}, {"template": {"spec": "a string"}},
    {"template": {"spec": {"containers": [None, "a", {"image": {"repository": "a"}}]}}}, {"template": {"spec": {"containers": {"image": "a"}}}},
    {"jobTemplate": "a string"},
]  # fmt: skip


@pytest.mark.parametrize("spec", OTHER_SHAPES)
@pytest.mark.parametrize("kind", ["Component", "Deployment", "CronJob", "Pod"])
def test_objects_without_containers_are_unchanged(kind, spec):
    assert with_images([obj(kind, spec=spec)], {"a": "b"}) == [obj(kind, spec=spec)]


@pytest.mark.parametrize("image", ["app:latest", "app:sha-0", "app@sha256:00"])
def test_a_built_image_with_a_tag_is_refused_with_its_name(image):
    with pytest.raises(RunbookError, match=f"Pod a: the image {image} is built under no such tag. Write image: app,"):
        with_images([obj("Pod", spec={"containers": [{"image": image}]})], {"app": "app:sha-1"})
    foreign = [obj("Pod", spec={"containers": [{"image": name} for name in ("registry.example/app:1", "app:sha-1", "apps:1")]})]
    assert with_images(foreign, {"app": "app:sha-1"}) == foreign


def test_filter_matches_texts_to_files_and_names_the_invalid_one():
    plain, rendered = ["{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}"], [obj(name="two")]
    objects = manifests(["x.yml.j2", "y.yml"], plain, rendered, "default")
    assert [item["metadata"]["name"] for item in objects] == ["two", "one"]
    with pytest.raises(AnsibleFilterError, match="y.yml, line 1, column 6: invalid YAML"):
        manifests(["y.yml"], ["{a: ["], [], "default")


def entry(action: str, name: str, **more) -> dict:
    return {"action": action, "kind": "ConfigMap", "name": name, "namespace": "shop", "rolling_update": False, **more}


CONFLICT = {"msg": 'Apply failed with 1 conflict: conflict with "x": .data.a', "reason": "Conflict"}


def test_refusals_name_object_reason_and_next_step():
    result = {"objects": [entry("unchanged", "good"), entry("refused", "bad", **CONFLICT), entry("refused", "odd", msg="no such kind", reason="NotFound")]}
    conflict, unknown = refusals(result, {"msg": "failed"})
    assert conflict.startswith("ConfigMap bad in namespace shop cannot be applied: Apply failed")
    assert '"x": .data.a' in conflict and "rollout_force_conflicts" in conflict
    assert unknown == "ConfigMap odd in namespace shop cannot be applied: no such kind"
    assert refusals({"objects": [entry("change", "good")]}, {}) == []


def test_objects_applied_before_a_refusal_are_reported():
    failed = {"failed": True, "objects": [entry("unchanged", "same"), entry("create", "first")]}
    assert refusals({"objects": [entry("refused", "bad", **CONFLICT)]}, failed)[1] == "Already applied: ConfigMap first in namespace shop."
    assert refusals({"objects": [entry("unchanged", "bad")]}, failed) == [], "then the failure of the apply contains it"


def test_changes_distinguish_created_from_changed():
    result = {"objects": [entry("create", "new"), entry("change", "a"), entry("unchanged", "same")]}
    assert changes(result) == ["ConfigMap new in namespace shop: created", "ConfigMap a in namespace shop: changed"]
    assert changes({"changed": False}) == []
