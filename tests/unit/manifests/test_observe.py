# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.compare import report
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.observe import observe


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


def test_each_object_is_tried_in_its_order_and_nothing_is_stored():
    api = Api([service("kept"), service("changed", 81)])
    trials = observe(api, [service("changed"), service("new"), service("kept")], "runbook-deploy", False, 2)
    assert [trial.action for trial in trials] == ["change", "create", "keep"]
    assert not api.stored_something


def test_one_refusal_leaves_the_others():
    api = Api([service("kept")], {"bad": ApiError("conflict", 409, "Conflict")})
    assert [trial.action for trial in observe(api, [service("bad"), service("kept")], "m", False, 8)] == ["refused", "keep"]


def test_what_lacks_its_namespace_would_be_made():
    gone = ApiError('namespaces "default" not found', 404, "NotFound")
    trials = observe(Api([], {"a": gone, "b": ApiError('the server could not find the requested resource', 404, "NotFound")}),
                     [service("a"), service("b"), service("c")], "m", False, 8)  # fmt: skip
    assert [trial.action for trial in trials] == ["create", "refused", "create"]
    told = report(trials)
    assert told["missing_namespaces"] == ["default"] and [obj["metadata"]["name"] for obj in told["pending"]] == ["a", "b", "c"]


def test_an_api_server_that_is_away_is_no_refusal():
    with pytest.raises(Unreachable):
        observe(Api([], {"a": Unreachable("away")}), [service("a")], "m", False, 8)


@pytest.mark.parametrize("obj", [{}, {"apiVersion": "v1", "kind": "Service"}, {"apiVersion": "v1", "kind": "Service", "metadata": {}}, "text"])
def test_what_is_no_object_is_named(obj):
    with pytest.raises(RunbookError, match=r"objects\[1\]"):
        observe(Api([]), [service("a"), obj], "m", False, 8)
