# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The look on an API server in memory: which part finds what, and that one part's failure leaves the others alone."""

from __future__ import annotations

import copy

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.drift import look as look_module
from ansible_collections.runbook.minikube.plugins.module_utils.drift.look import Expectation, look

SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}}


class Server:
    """Knows Services and Nodes; ``refused`` kinds can't be listed."""

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

    def apply_object(self, obj, *, field_manager, force, dry_run):
        assert dry_run, "a look must not store anything"
        return copy.deepcopy({**self.objects.get(obj["metadata"]["name"], obj), "spec": obj["spec"]})


def found(server, **parts):
    result = look(Expectation(namespace="default", **parts), lambda: server, run_command=None, generate="x".__mul__)
    return [str(drift) for drift in result.drift]


def test_nothing_expected_nothing_found():
    assert found(Server()) == []


def test_objects_that_are_in_place_missing_and_different():
    other = {**SERVICE, "spec": {"ports": [{"port": 81}]}}
    missing = {**SERVICE, "metadata": {"name": "gone", "namespace": "default"}}
    assert found(Server(SERVICE), objects=[SERVICE]) == []
    assert found(Server(SERVICE), objects=[other, missing]) == [
        "object Service web: differs in spec.ports[0].port", "object Service gone: is not there",
    ]


def test_the_nodes_address():
    assert found(Server(), node_address="192.0.2.7") == []
    assert found(Server(), node_address="192.0.2.8") == ["cluster: no node has the address 192.0.2.8; there: 192.0.2.7"]


def test_a_release_that_is_not_installed():
    assert found(Server(), releases=[{"name": "dapr", "namespace": "dapr-system", "values": {}}]) == ["release dapr: is not installed"]


def test_what_may_not_be_asked_is_a_difference_and_the_rest_is_found_all_the_same():
    lines = found(Server(SERVICE, refused=["Node"]), node_address="192.0.2.7", objects=[{**SERVICE, "spec": {}}])
    assert lines == ["cluster: may not list Node", "object Service web: differs in spec.ports"]


def test_a_cluster_that_does_not_answer_is_the_one_difference():
    def connect():
        raise Unreachable("nobody there")

    result = look(Expectation("default", objects=[SERVICE]), connect, run_command=None, generate="x".__mul__)
    assert [str(drift) for drift in result.drift] == ["cluster: nobody there"]


def test_images_that_cannot_be_looked_at_are_told_once_and_what_depends_on_them_is_not_judged(tmp_path):
    images = {
        "images": [{"name": "web", "context": str(tmp_path / "gone"), "dockerfile": "Dockerfile", "args": {}, "target": None, "archive": None,
                    "platform": None, "tag": None}],
        "tag_strategy": "content", "profile": "none", "minikube": "minikube", "minikube_home": str(tmp_path),
    }
    (line,) = found(Server(), images=images, objects=[SERVICE])
    assert line.startswith("image: images[0].context: there is no folder")


class EmptyNode:
    """Builds inside, and has no image at all."""

    builds_inside = True

    @property
    def builder(self):
        return self

    def images(self):
        return []

    def image(self, _reference):
        return None


def test_a_base_image_that_lacks_is_told_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(look_module, "read_profile", lambda *_options: None)
    monkeypatch.setattr(look_module, "open_node", lambda *_options: EmptyNode())
    (tmp_path / "Dockerfile").write_text("FROM python:3.11-slim\n", encoding="utf-8")
    asked = {"context": str(tmp_path), "dockerfile": "Dockerfile", "args": {}, "target": None, "archive": None, "platform": None, "tag": None}
    images = {
        "images": [{"name": name, **asked} for name in ("web", "api")],
        "tag_strategy": "content", "profile": "minikube", "minikube": "minikube", "minikube_home": None,
    }
    lines = found(Server(), images=images)
    assert lines[0] == "base_image python:3.11-slim: is not in the engine that builds"
    assert [line.split(":")[0] for line in lines[1:]] == ["image web", "image api"]
