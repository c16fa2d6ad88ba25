# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why new pods get no working sidecar although the control plane is healthy. Pure."""

from __future__ import annotations

from .actions import Problem
from .components import INJECTOR, WEBHOOK
from .injection import DENIED, INJECTED, released_image
from .model import DaprState

SEE_LOG = "See why: kubectl logs -n {namespace} deploy/{injector}"
NOT_CALLED = (
    "The API server did not call the injector, or got no answer. Check whether another webhook or a NetworkPolicy in {namespace} keeps it from port 4000 "
    "of the injector, and whether the namespace is excluded: kubectl get mutatingwebhookconfiguration {webhook} -o yaml"
)
OTHER_IMAGE = "Correct the variable SIDECAR_IMAGE of deployment/{injector} in {namespace}, or restart it if it was corrected"


def injection_problems(state: DaprState) -> list[Problem]:
    """A problem for each namespace of the applications in which a dry run shows that a new pod gets no working sidecar."""
    image = released_image(state.release.objects)
    found = {name: one.problem(state.bundle, image) for name, one in state.injection.items()}
    return [_problem(name, state, reason) for name, reason in found.items() if reason]


def _problem(name: str, state: DaprState, reason: str) -> Problem:
    condition = state.injection[name].state
    step = SEE_LOG if condition == DENIED else OTHER_IMAGE if condition == INJECTED else NOT_CALLED
    named = step.format(namespace=state.namespace, injector=INJECTOR.workload, webhook=WEBHOOK)
    evidence = f"a new pod that is annotated for Dapr {reason} (server-side dry run); no application is restarted there"
    return Problem("Namespace", name, "", "not_injected", evidence, named)
