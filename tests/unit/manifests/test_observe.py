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

    def apply_object(self, obj, *, field_manager, force, dry_run):
        self.stored_something |= not dry_run
        if obj["metadata"]["name"] in self.refuses:
            raise self.refuses[obj["metadata"]["name"]]
        return obj


def test_each_object_gets_a_dry_run_in_its_order_and_nothing_is_stored():
    api = Api([service("same"), service("changed", 81)])
    runs = observe(api, ManifestsOptions([service("changed"), service("new"), service("same")], "runbook-deploy", parallel=2))
    assert [run.action for run in runs] == ["change", "create", "unchanged"]
    assert not api.stored_something


def test_one_refusal_leaves_the_others():
    api = Api([service("same")], {"bad": ApiError("conflict", 409, "Conflict")})
    assert [run.action for run in observe(api, ManifestsOptions([service("bad"), service("same")], "m", parallel=8))] == ["refused", "unchanged"]


def test_an_object_in_a_missing_namespace_would_be_created():
    gone = ApiError('namespaces "default" not found', 404, "NotFound")
    api = Api([], {"a": gone, "b": ApiError("the server could not find the requested resource", 404, "NotFound")})
    runs = observe(api, ManifestsOptions([service("a"), service("b"), service("c")], "m"))
    assert [run.action for run in runs] == ["create", "refused", "create"]
    result = dry_run_report(runs)
    assert result["missing_namespaces"] == ["default"] and [obj["metadata"]["name"] for obj in result["pending"]] == ["a", "b", "c"]


def test_an_api_server_that_is_away_is_no_refusal():
    with pytest.raises(Unreachable):
        observe(Api([], {"a": Unreachable("away")}), ManifestsOptions([service("a")], "m", parallel=8))


@pytest.mark.parametrize("obj", [{}, {"apiVersion": "v1", "kind": "Service"}, {"apiVersion": "v1", "kind": "Service", "metadata": {}}, "text"])
def test_an_invalid_object_is_named(obj):
    with pytest.raises(RunbookError, match=r"objects\[1\]"):
        observe(Api([]), ManifestsOptions([service("a"), obj], "m", parallel=8))
