# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Injection is proven by the dry run of a pod; without a proof no application is restarted."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr import actions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.components import INJECTOR
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.injection import (
    DENIED,
    INJECTED,
    NOT_INJECTED,
    UNPROVEN,
    probe_pod,
    prove,
    released_image,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.sidecars import DAPRD_UNUSABLE, SIDECAR_MISSING, SidecarProblem
from dapr_objects import CA, OTHER_CA, control_object, dapr_state, injection, pod

BUNDLE = dapr_state().bundle
SIDECAR = {"name": "daprd", "image": "daprd:1", "env": [{"name": "DAPR_TRUST_ANCHORS", "value": CA.anchors}]}
DENIAL = 'admission webhook "sidecar-injector.dapr.io" denied the request: unable to get trust anchors'
POD_SECURITY = 'pods "dapr-injection-check" is forbidden: violates PodSecurity "restricted:latest"'
RELEASED = {(INJECTOR.kind, INJECTOR.workload): control_object(INJECTOR, env=[{"name": "SIDECAR_IMAGE", "value": "daprd:1"}])}


class Api:
    """Answers a dry run of a pod with ``sidecar``, or refuses it with ``error``."""

    def __init__(self, sidecar: dict | None = None, error: tuple[str, int] | None = None, groups: tuple[str, ...] = ("system:masters",)):
        self.sidecar, self.error, self.groups, self.kinds = sidecar, error, groups, []

    def create(self, kind, body, namespace=None, **options):
        self.kinds.append(kind)
        if kind == "SelfSubjectReview":
            return {"status": {"userInfo": {"groups": list(self.groups)}}}
        assert options == {"dry_run": "All"} and namespace == "default"
        if self.error:
            raise ApiError(self.error[0], self.error[1], "Forbidden")
        return {**body, "spec": {"containers": [*body["spec"]["containers"], *([self.sidecar] if self.sidecar else [])]}}


@pytest.mark.parametrize(
    ("api", "state", "words"),
    [(Api(SIDECAR), INJECTED, ""), (Api(), NOT_INJECTED, "gets no sidecar"), (Api(groups=("system:authenticated",)), UNPROVEN, ""),
     (Api(error=(DENIAL, 400)), DENIED, "unable to get trust anchors"), (Api(error=(POD_SECURITY, 403)), UNPROVEN, ""),
     (Api(error=('cannot create resource "pods"', 403)), UNPROVEN, ""),
     (Api({**SIDECAR, "env": [{"name": "DAPR_TRUST_ANCHORS", "value": OTHER_CA.anchors}]}), INJECTED, "trust anchors"),
     (Api({**SIDECAR, "image": "daprd:none"}), INJECTED, "the image daprd:none instead of daprd:1")],
)  # fmt: skip
def test_the_dry_run_shows_what_a_new_pod_gets(api, state, words):
    result = prove(api, ["default"])["default"]
    assert result.state == state and words in result.problem(BUNDLE, "daprd:1") and bool(words) == bool(result.problem(BUNDLE, "daprd:1"))


def test_the_user_is_asked_only_if_no_sidecar_is_injected():
    api = Api(SIDECAR)
    prove(api, ["default"])
    assert api.kinds == ["Pod"]


def test_the_pod_passes_the_strictest_pod_security():
    context = probe_pod()["spec"]["containers"][0]["securityContext"]
    assert context["runAsNonRoot"] and not context["allowPrivilegeEscalation"] and context["capabilities"] == {"drop": ["ALL"]}


def test_the_released_image_is_the_injectors_variable():
    assert released_image(RELEASED) == "daprd:1" and released_image({}) == ""


MISSING = SidecarProblem(pod(sidecar=False), SIDECAR_MISSING, "evidence")


@pytest.mark.parametrize("proof", [injection(state=NOT_INJECTED), injection(state=DENIED, detail=DENIAL), injection(image="daprd:none")])
def test_without_injection_no_application_is_restarted(proof):
    plan = make_plan(dapr_state(pods=(MISSING.pod,), sidecar_problems=(MISSING,), injection={"default": proof}, release=RELEASED), False)
    assert plan.actions == () and [(problem.kind, problem.name, problem.cause) for problem in plan.problems] == [("Namespace", "default", "not_injected")]
    assert plan.notes[0].startswith("Postponed until the control plane is healthy: perform a rolling restart")


def test_another_namespace_is_still_recovered():
    proofs = {"default": injection(), "excluded": injection(state=NOT_INJECTED)}
    plan = make_plan(dapr_state(pods=(MISSING.pod,), sidecar_problems=(MISSING,), injection=proofs), False)
    assert [action.operation for action in plan.actions] == [actions.ROLLING_RESTART] and [problem.name for problem in plan.problems] == ["excluded"]


def test_an_unproven_injection_is_no_problem():
    assert make_plan(dapr_state(injection={"default": injection(state=UNPROVEN)}), False).is_healthy


def test_a_pod_with_an_image_that_the_injector_no_longer_uses_is_recreated():
    broken = pod(ready=False)
    broken["spec"]["containers"][1]["image"] = "daprd:none"
    problem = SidecarProblem(broken, DAPRD_UNUSABLE, "daprd can't be pulled (ImagePullBackOff)", "Push it.")
    for release, expected in ((RELEASED, [actions.ROLLING_RESTART]), ({}, [])):
        plan = make_plan(dapr_state(pods=(broken,), sidecar_problems=(problem,), release=release), False)
        assert [action.operation for action in plan.actions] == expected and len(plan.problems) == (not expected)
    own = pod(ready=False)
    own["spec"]["containers"][1]["image"] = "daprd:none"
    own["metadata"]["annotations"]["dapr.io/sidecar-image"] = "daprd:none"
    kept = make_plan(dapr_state(pods=(own,), sidecar_problems=(SidecarProblem(own, DAPRD_UNUSABLE, "evidence", "Push it."),), release=RELEASED), False)
    assert kept.actions == () and kept.problems[0].next_step == "Push it."
