# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release is compared with the cluster by one list for each kind, and by dry runs of what seems to differ."""

from __future__ import annotations

import base64
import copy
import gzip
import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.helm_release import HelmRelease, unfinished_note
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.observe_release import PART_OF, observe_release, release_drift

SYSTEM = "dapr-system"
LABELS = {"app.kubernetes.io/part-of": "dapr"}


def service(name: str, port: int = 80, **spec) -> dict:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": LABELS}, "spec": {"ports": [{"port": port}], **spec}}


CRD = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "components.dapr.io"}, "spec": {"group": "dapr.io"}}


def revision(number: int, status: str, objects: list[dict]) -> dict:
    """A Secret of Helm's. The record holds JSON, which is YAML."""
    files = [{"name": "crds/components.yaml", "data": base64.b64encode(json.dumps(CRD).encode()).decode()}, {"name": "README.md", "data": "IyBE"}]
    record = {
        "version": number, "info": {"status": status}, "config": {}, "manifest": "\n---\n".join(map(json.dumps, objects)),
        "chart": {"metadata": {"name": "dapr", "version": "1.16.0"}, "files": files},
    }  # fmt: skip
    labels = {"owner": "helm", "name": "dapr", "version": str(number), "status": status}
    packed = base64.b64encode(gzip.compress(json.dumps(record).encode()))
    return {"metadata": {"name": f"v{number}", "labels": labels}, "data": {"release": base64.b64encode(packed).decode()}}


class Api:
    """Stored objects by (kind, name). A dry run of a replacement returns what was sent, with ``defaults`` in its spec."""

    def __init__(self, *stored: dict, forbidden: tuple[str, ...] = (), refuses: int = 0):
        self.stored = {(obj["kind"], obj["metadata"]["name"]): copy.deepcopy(obj) for obj in stored}
        self.forbidden, self.refuses, self.requests = forbidden, refuses, []
        for obj in self.stored.values():
            obj["metadata"].update({"namespace": SYSTEM} if obj["kind"] == "Service" else {}, resourceVersion="1")

    def _allow(self, verb: str, kind: str) -> None:
        self.requests.append((verb, kind))
        if kind in self.forbidden:
            raise ApiError("forbidden", 403, "Forbidden")

    def list(self, kind: str, _namespace: str | None = None, label_selector: str = "") -> list[dict]:
        self._allow("list", kind)
        assert label_selector == PART_OF
        return [obj for (stored, _name), obj in self.stored.items() if stored == kind and (obj["metadata"].get("labels") or {}) == LABELS]

    def get_object(self, obj: dict) -> dict | None:
        self._allow("get", obj["kind"])
        return self.stored.get((obj["kind"], obj["metadata"]["name"]))

    def replace(self, kind: str, _name: str, body: dict, _namespace: str | None = None, **options) -> dict:
        assert options["dry_run"] == "All"
        self._allow("dry run", kind)
        if self.refuses:
            raise ApiError("refused", self.refuses, "Invalid")
        return body


def observed(api: Api, *secrets: dict, known: dict | None = None):
    return observe_release(api, list(secrets), SYSTEM, known or {})


def test_a_healthy_release_costs_one_list_a_kind_and_a_read_of_what_has_no_label():
    api = Api(service("a"), service("b"), CRD)
    state = observed(api, revision(1, "deployed", [service("a"), service("b")]))
    assert (state.missing, state.drift, state.notes) == ((), (), ())
    assert sorted(api.requests) == [("get", "CustomResourceDefinition"), ("list", "CustomResourceDefinition"), ("list", "Service")]


def test_missing_objects_and_definitions_are_found_whatever_the_pods_say():
    state = observed(Api(service("b")), revision(1, "deployed", [service("a"), service("b")]))
    assert {obj["metadata"]["name"] for obj in state.missing} == {"a", "components.dapr.io"}
    state = observed(Api(CRD), revision(1, "deployed", [service("a")]), known={("Service", "a"): None})
    assert [obj["metadata"]["name"] for obj in state.missing] == ["a"]


def test_a_changed_object_is_confirmed_by_a_dry_run():
    api = Api(service("a", port=81), CRD)
    state = observed(api, revision(1, "deployed", [service("a")]))
    assert [(one.released["metadata"]["name"], one.differences) for one in state.drift] == [("a", ("spec.ports[0].port is 81 instead of 80",))]
    assert api.requests.count(("dry run", "Service")) == 1
    assert state.drift_of("Service", "a") and not state.drift_of("Service", "b")


def test_a_default_that_is_not_known_is_no_difference():
    """The dry run adds it too."""

    class Defaulting(Api):
        def replace(self, kind, name, body, namespace=None, **options):
            answer = super().replace(kind, name, body, namespace, **options)
            return {**answer, "spec": {**answer["spec"], "brandNew": "Default"}}

    api = Defaulting(service("a", brandNew="Default"), CRD)
    assert observed(api, revision(1, "deployed", [service("a")])).drift == () and ("dry run", "Service") in api.requests


@pytest.mark.parametrize(("status", "note"), [(403, "may differ from the Helm release"), (409, "")])
def test_a_refused_dry_run_is_a_note(status, note):
    state = observed(Api(service("a", port=81), CRD, refuses=status), revision(1, "deployed", [service("a")]))
    assert state.drift == () and len(state.notes) == bool(note) and note in " ".join(state.notes)


def test_kinds_that_may_not_be_read_are_named():
    state = observed(Api(service("a"), forbidden=("CustomResourceDefinition",)), revision(1, "deployed", [service("a")]))
    assert state.missing == () and state.notes == ("Not compared with the Helm release, as they may not be read: CustomResourceDefinition.",)
    assert "list secrets" in observe_release(Api(), None, SYSTEM, {}).notes[0]


def test_the_deployed_revision_counts_and_an_unfinished_one_is_told():
    secrets = [revision(1, "deployed", [service("a")]), revision(2, "pending-upgrade", [service("b")])]
    state = observed(Api(service("a"), CRD), *secrets)
    assert state.missing == () and "Revision 2 of the Helm release is pending-upgrade" in state.notes[0] and "revision 1 (deployed)" in state.notes[0]


@pytest.mark.parametrize(("status", "words"), [("deployed", ""), ("failed", "See helm history"), ("pending-rollback", "was interrupted")])
def test_note_about_the_latest_revision(status, words):
    note = unfinished_note(HelmRelease("deployed", 3), HelmRelease(status, 3 if status == "deployed" else 4))
    assert words in note and bool(words) == bool(note)
    assert unfinished_note(HelmRelease(), HelmRelease()) == ""


def test_drift_as_sentences_for_dapr_info():
    found = release_drift(Api(service("a", port=81), CRD), [revision(1, "deployed", [service("a"), service("b")])], SYSTEM)
    assert found == ["Service b does not exist", "Service a: it differs from the release: spec.ports[0].port is 81 instead of 80"]
