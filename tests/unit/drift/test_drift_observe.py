# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drift with an in-memory API server: the reports of each component, and that a failure of one does not affect the others."""

from __future__ import annotations

import copy

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.drift import observe as drift_observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.drift.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.drift.options import DriftOptions, ReleaseOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.options import ImageOptions

SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}}


class Server:
    """Serves Services and Nodes; ``refused`` kinds can't be listed."""

    def __init__(self, *objects, refused=()):
        self.objects = {obj["metadata"]["name"]: obj for obj in objects}
        self.refused = refused

    def list(self, kind, _namespace=None, **_selectors):
        if kind in self.refused:
            raise ApiError(f"may not list {kind}", 403, "Forbidden")
        if kind == "Node":
            return [{"metadata": {"name": "node"}, "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.7"}]}}]
        return [obj for obj in self.objects.values() if obj["kind"] == kind]

    def get_object(self, obj):
        return copy.deepcopy(self.objects.get(obj["metadata"]["name"]))

    def apply_object(self, obj, *, field_manager, force, dry_run, warn=None):
        assert dry_run, "observing must not store anything"
        return copy.deepcopy({**self.objects.get(obj["metadata"]["name"], obj), "spec": obj["spec"]})


def drift_of(server, **options):
    result = observe(DriftOptions(namespace="default", **options), lambda: server, run_command=None, generate="x".__mul__)
    return [str(drift) for drift in result.drift]


def image_options(names, path, **more):
    entry = {"path": str(path), "dockerfile": "Dockerfile", "args": {}, "target": None, "archive": None, "platform": None, "tag": None}
    options = {"tag_strategy": "content", "minikube": "minikube", "parallel": 2, "keep_tags": None, "progress": None, **more}
    return ImageOptions.of({"images": [{"name": name, **entry} for name in names], **options})


def test_without_expectations_there_is_no_drift():
    assert drift_of(Server()) == []


def test_objects_in_sync_missing_and_different():
    other = {**SERVICE, "spec": {"ports": [{"port": 81}]}}
    missing = {**SERVICE, "metadata": {"name": "gone", "namespace": "default"}}
    assert drift_of(Server(SERVICE), objects=[SERVICE]) == []
    assert drift_of(Server(SERVICE), objects=[other, missing]) == [
        "object Service web: differs in spec.ports[0].port", "object Service gone: does not exist",
    ]


def test_missing_node_address_is_a_difference():
    assert drift_of(Server(), node_address="192.0.2.7") == []
    assert drift_of(Server(), node_address="192.0.2.8") == ["cluster: no node has the address 192.0.2.8; found: 192.0.2.7"]


def test_missing_release_is_a_difference():
    assert drift_of(Server(), releases=(ReleaseOptions("dapr", "dapr-system"),)) == ["release dapr: is not installed"]


def test_forbidden_list_does_not_affect_other_components():
    lines = drift_of(Server(SERVICE, refused=["Node"]), node_address="192.0.2.7", objects=[{**SERVICE, "spec": {}}])
    assert lines == ["cluster: may not list Node", "object Service web: differs in spec.ports"]


def test_unreachable_cluster_is_the_only_difference():
    def connect():
        raise Unreachable("nobody there")

    result = observe(DriftOptions("default", objects=[SERVICE]), connect, run_command=None, generate="x".__mul__)
    assert [str(drift) for drift in result.drift] == ["cluster: nobody there"]


def test_unobservable_images_are_reported_once(tmp_path):
    images = image_options(["web"], tmp_path / "gone", profile="none", minikube_home=str(tmp_path))
    (line,) = drift_of(Server(), images=images, objects=[SERVICE])
    assert line.startswith("image: images[0].path: the folder ")


class EmptyNode:
    """A node that builds in its own engine and has no images."""

    builds_inside = True

    @property
    def builder(self):
        return self

    def images(self):
        return []

    def image(self, _reference):
        return None


def test_missing_base_image_is_reported_separately(tmp_path, monkeypatch):
    monkeypatch.setattr(drift_observe, "read_profile", lambda *_options: None)
    monkeypatch.setattr(drift_observe, "open_node", lambda *_options: EmptyNode())
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim\n", encoding="utf-8")
    images = image_options(["web", "api"], tmp_path, profile="minikube", minikube_home=None)
    lines = drift_of(Server(), images=images)
    assert lines[0] == "base_image python:3.11-slim: is missing in the engine that builds"
    assert [line.split(":")[0] for line in lines[1:]] == ["image web", "image api"]
