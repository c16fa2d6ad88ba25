# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.options import ManifestsOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.report import dry_run_report


def service(name: str, port: int = 80) -> dict:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": {"port": port}}


class Api:
    """Answers applies as a server would, and notes whether one was to be stored."""

    def __init__(self, stored: list[dict], refuses: dict[str, Exception] | None = None):
        self.stored = {obj["metadata"]["name"]: obj for obj in stored}
        self.refuses = refuses or {}
        self.stored_something = False

    def get_object(self, obj):
        return self.stored.get(obj["metadata"]["name"])

    def apply_object(self, obj, *, field_manager, force, dry_run, warn=None):
        self.stored_something |= not dry_run
        if obj["metadata"]["name"] in self.refuses:
            raise self.refuses[obj["metadata"]["name"]]
        return obj


def test_dry_runs_keep_the_order_and_store_nothing():
    api = Api([service("same"), service("changed", 81)])
    runs = observe(api, ManifestsOptions([service("changed"), service("new"), service("same")], "runbook-deploy", parallel=2))
    assert [run.action for run in runs] == ["change", "create", "unchanged"]
    assert not api.stored_something


def test_refusal_does_not_affect_other_objects():
    api = Api([service("same")], {"bad": ApiError("conflict", 409, "Conflict")})
    assert [run.action for run in observe(api, ManifestsOptions([service("bad"), service("same")], "m", parallel=8))] == ["refused", "unchanged"]


def test_object_in_a_missing_namespace_is_predicted_as_created():
    gone = ApiError('namespaces "default" not found', 404, "NotFound")
    api = Api([], {"a": gone, "b": ApiError("the server could not find the requested resource", 404, "NotFound")})
    runs = observe(api, ManifestsOptions([service("a"), service("b"), service("c")], "m"))
    assert [run.action for run in runs] == ["create", "refused", "create"]
    result = dry_run_report(runs)
    assert result["missing_namespaces"] == ["default"] and [obj["metadata"]["name"] for obj in result["pending"]] == ["a", "b", "c"]


def test_unreachable_api_server_is_not_a_refusal():
    with pytest.raises(Unreachable):
        observe(Api([], {"a": Unreachable("away")}), ManifestsOptions([service("a")], "m", parallel=8))


@pytest.mark.parametrize("obj", [{}, {"apiVersion": "v1", "kind": "Service"}, {"apiVersion": "v1", "kind": "Service", "metadata": {}}, "text"])
def test_invalid_object_is_named(obj):
    with pytest.raises(RunbookError, match=r"objects\[1\]"):
        observe(Api([]), ManifestsOptions([service("a"), obj], "m", parallel=8))


def definition(kind: str = "Widget", **more) -> dict:
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.shop.example"},
            "spec": {"group": "shop.example", "names": {"kind": kind}}, **more}  # fmt: skip


WIDGET = {"apiVersion": "shop.example/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}}
UNKNOWN_KIND = ApiError("Widget of shop.example/v1: no match", 404, "NotFound")


@pytest.mark.parametrize(
    ("first", "action"),
    [(definition(), "create"), (definition("Gadget"), "refused"), ({**definition(), "spec": "none"}, "refused"), (service("w"), "refused")],
)
def test_an_object_whose_kind_is_defined_by_another_would_be_created(first, action):
    api = Api([], {WIDGET["metadata"]["name"]: UNKNOWN_KIND})
    runs = observe(api, ManifestsOptions([first, WIDGET], "m"))
    assert runs[1].action == action
    assert dry_run_report(runs)["missing_kinds"] == (["Widget"] if action == "create" else [])


def test_an_object_that_is_being_deleted_is_refused_with_its_finalizers():
    going = service("going")
    going["metadata"] |= {"deletionTimestamp": "2026-03-01T10:00:00Z", "finalizers": ["shop.example/bill"]}
    run, other = observe(Api([going]), ManifestsOptions([service("going"), service("other")], "m"))
    assert (run.action, run.reason, other.action) == ("refused", "Deleting", "create")
    assert run.refusal.startswith("it is being deleted since 2026-03-01T10:00:00Z; the finalizers shop.example/bill") and "Run again" in run.refusal


def test_an_object_that_waits_for_an_earlier_one_would_be_created():
    pod, account = {**service("job"), "kind": "Pod"}, {**service("runner"), "kind": "ServiceAccount"}
    message = 'pods "job" is forbidden: error looking up service account default/runner: serviceaccount "runner" not found'
    api = Api([], {"job": ApiError(message, 403, "Forbidden")})
    assert [run.action for run in observe(api, ManifestsOptions([account, pod], "m"))] == ["create", "create"]
    assert [run.action for run in observe(api, ManifestsOptions([pod, account], "m"))] == ["refused", "create"], "the apply keeps the order"
    assert [run.action for run in observe(Api([account], api.refuses), ManifestsOptions([account, pod], "m"))] == ["unchanged", "refused"]


def test_warnings_name_their_object():
    class Warning(Api):
        def apply_object(self, obj, *, warn, **options):
            warn("spec.old is deprecated")
            return super().apply_object(obj, **options)

    warned = []
    observe(Warning([]), ManifestsOptions([service("a")], "m"), warned.append)
    assert warned == ["Service a in namespace default: spec.old is deprecated"]
