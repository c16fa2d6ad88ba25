# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done to bring Dapr back, in its order. Pure."""

from __future__ import annotations

import base64
import copy

from ansible_collections.runbook.minikube.plugins.module_utils.dapr import trust
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.actions import CREATE, RESTART, TRUST, Action, Plan, Problem
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.applications import idle_waits, repairs, unconnected, waiting
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import warnings
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.cures import cure
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Found
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import INJECTOR, ORDER, SENTRY, TRUST_BUNDLE, WEBHOOK, WITHOUT_CHOICE
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.webhook import authority_problem, with_authority
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE

REINSTALL = "The Helm release does not have it either. Install Dapr again with the same values: helm upgrade --install (role dapr)"


def make_plan(found: Found, allow_new_ca: bool) -> Plan:
    """Missing objects first, then the control plane in its order, the webhook, and the applications.

    Where nobody can sign certificates, everything else would be in vain: then that alone is told. Where a part of the control plane
    needs a person, applications are left as they are.
    """
    cause, evidence = trust.unusable(found)
    if cause and not allow_new_ca:
        return Plan(problems=(trust.refusal(cause, evidence, found),))
    bundle = trust.renewal(cause, evidence, found) if cause else trust.repair(found)
    missing, lacking = _missing(found)
    parts, helpless = ([], []) if cause else _parts(found, bool(bundle or missing))
    control = [*bundle, *missing, *parts, *([] if cause else _webhook(found))]
    applications, left = repairs(found, new_ca=bool(cause), control_first=bool(control))
    held = applications if lacking or helpless else []
    problems = [*_nodes(found), *lacking, *helpless, *_endpoints(found), *left, *_components(found)]
    awaited = waiting(found) if control else ()
    notes = [*warnings(found.bundle, found.now), *([] if control else idle_waits(found)), *(f"Left until the control plane serves: {one}" for one in held)]
    reconnecting = unconnected(found) if control else ()
    return Plan(tuple(control), () if held else tuple(applications), tuple(problems), () if lacking or helpless else awaited, reconnecting, tuple(notes))


def _missing(found: Found) -> tuple[list[Action], list[Problem]]:
    """Objects of the release that are not there; the trust bundle has its own rules."""
    made = [_create(obj, found) for obj in found.missing if obj["metadata"]["name"] != TRUST_BUNDLE]
    created = {(action.kind, action.name) for action in made}
    needed = [(component.kind, component.workload) for component in WITHOUT_CHOICE if found.parts[component.name].obj is None]
    needed += [("MutatingWebhookConfiguration", WEBHOOK)] if found.webhook is None else []
    lost = [Problem(kind, name, found.namespace, "object_missing", "it is not there", REINSTALL) for kind, name in needed if (kind, name) not in created]
    return made, lost


def _create(obj: dict, found: Found) -> Action:
    kind, name = obj["kind"], obj["metadata"]["name"]
    body = copy.deepcopy(obj)
    if kind == "MutatingWebhookConfiguration" and found.bundle.is_whole:
        # The injector writes it only when it starts.
        for entry in body["webhooks"]:
            entry["clientConfig"]["caBundle"] = base64.b64encode(found.bundle.anchors.encode()).decode()
    component = next((item.name for item in ORDER if (item.kind, item.workload) == (kind, name)), "")
    return Action(CREATE, kind, name, body["metadata"].get("namespace", ""), "object_missing", "it is not there", component, body=body)


def _parts(found: Found, others_first: bool) -> tuple[list[Action], list[Problem]]:
    why = trust.misleading(found)
    if why:
        return _restarted(found, why), []
    actions, problems = [], []
    for component in ORDER:
        part = found.parts[component.name]
        if part.obj is None:
            continue
        done, left = cure(component, part, found, others_first or bool(actions))
        actions += done
        problems += left
    return actions, problems


def _restarted(found: Found, why: str) -> list[Action]:
    """All that read the ConfigMap."""
    return [
        Action(RESTART, component.kind, component.workload, found.namespace, "wrong_anchors", why, component.name)
        for component in ORDER if component is not SENTRY and found.parts[component.name].obj
    ]


def _webhook(found: Found) -> list[Action]:
    """What an injector that starts does not tell the API server by itself."""
    if found.webhook is None or not found.bundle.is_whole or trust.misleading(found):
        return []
    wrong = authority_problem(found.webhook, found.bundle)
    if not wrong:
        return []
    why = f"it {wrong}, so the API server makes pods without their sidecars"
    body = with_authority(found.webhook, found.bundle)
    return [Action(TRUST, "MutatingWebhookConfiguration", WEBHOOK, "", "webhook_ca", why, body=body)]


def _endpoints(found: Found) -> list[Problem]:
    """The injector serves, and nobody is sent to it."""
    if found.endpoints or not found.webhook or found.parts[INJECTOR.name].state.state != COMPLETE or ("Service", WEBHOOK) in _names(found.missing):
        return []
    step = f"Compare its selector with the pods' labels: kubectl describe service {WEBHOOK} -n {found.namespace}"
    return [Problem("Service", WEBHOOK, found.namespace, "no_endpoints", "no ready pod is behind it, although the injector is ready", step)]


def _names(objects: tuple[dict, ...]) -> set[tuple[str, str]]:
    return {(obj["kind"], obj["metadata"]["name"]) for obj in objects}


def _nodes(found: Found) -> list[Problem]:
    return [
        Problem("Node", name, "", "node_not_ready", "it is not ready", f"kubectl describe node {name}; minikube start") for name in found.bare_nodes
    ]


def _components(found: Found) -> list[Problem]:
    return [
        Problem("Component", name, namespace, "component_missing", "it is not there, and a sidecar knows only components that were there when it started",
                "Apply its manifest (deploy.yml does), then roll the workloads that use it")
        for namespace, name in found.missing_components
    ]
