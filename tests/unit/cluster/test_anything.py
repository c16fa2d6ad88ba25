# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.anything import dry_run_apply, paths_of, read
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

RESOURCES = {
    "/api/v1": [{"kind": "Pod", "name": "pods", "namespaced": True}, {"kind": "PodExecOptions", "name": "pods/exec", "namespaced": True},
                {"kind": "Namespace", "name": "namespaces", "namespaced": False}],
    "/apis/dapr.io/v1alpha1": [{"kind": "Component", "name": "components", "namespaced": True}],
}


class Answers:
    def __init__(self):
        self.asked = []

    def call(self, method, path, **options):
        self.asked.append((method, path, options))
        if path in RESOURCES:
            return {"resources": RESOURCES[path]}
        if path.endswith("/broken"):
            raise ApiError("no", 403, "Forbidden")
        raise ApiError("not found", 404, "NotFound")


def thing(version, kind, name, namespace="default"):
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def test_paths_of_any_kind_with_one_question_for_each_version():
    answers = Answers()
    objects = [thing("v1", "Pod", "a"), thing("v1", "Namespace", "b"), thing("v1", "Pod", "c", "other"), thing("dapr.io/v1alpha1", "Component", "d")]
    assert paths_of(answers, objects) == [
        "/api/v1/namespaces/default/pods/a", "/api/v1/namespaces/b", "/api/v1/namespaces/other/pods/c",
        "/apis/dapr.io/v1alpha1/namespaces/default/components/d",
    ]
    assert len(answers.asked) == 2


@pytest.mark.parametrize("version, kind", [("v1", "Component"), ("none.io/v1", "Thing")])
def test_an_unknown_kind_is_named(version, kind):
    with pytest.raises(RunbookError, match=f"knows no {kind} of {version}"):
        paths_of(Answers(), [thing(version, kind, "a")])


def test_what_is_not_there_is_none_and_what_is_forbidden_is_an_error():
    assert read(Answers(), "/api/v1/namespaces/b") is None
    with pytest.raises(ApiError):
        read(Answers(), "/api/v1/broken")


def test_an_apply_is_tried_and_never_stored():
    answers = Answers()
    with pytest.raises(ApiError):
        dry_run_apply(answers, "/x", {"kind": "Pod"}, "me", force=True)
    options = answers.asked[0][2]
    assert ("dryRun", "All") in options["query_params"] and ("force", "true") in options["query_params"]
