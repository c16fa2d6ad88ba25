# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans a trust bundle with which Sentry signs and that all components trust. Pure."""

from __future__ import annotations

from datetime import timedelta

from ..workloads.fields import time_of
from .actions import BACK_UP, CLEAR_TRUST_BUNDLE, CREATE, RESTART_COMPONENT, SYNC_CONFIGMAP, Problem, RecoveryAction
from .components import ORDER, TRUST_BUNDLE
from .injection import INJECTED
from .model import DaprState
from .sidecars import OLD_CA, SidecarProblem
from .trust_bundle import CA_CERT, RENEW, bundle_problems

PROPAGATION = timedelta(seconds=120)  # until the kubelet has updated a changed ConfigMap in all pods
ALLOW = "allow_new_ca=true, which recreates every pod with a sidecar"


def fatal_problem(state: DaprState) -> tuple[str, str]:
    """(cause, evidence) of a bundle that only a new certificate authority can replace, ("", "") if it is usable or was never filled."""
    bundle = state.bundle
    problems = bundle_problems(bundle, state.now)
    if problems:
        return "ca_unusable", "; ".join(problems)
    if bundle.is_complete or not (bundle.configmap_anchors or state.injected):
        return "", ""
    missing = "does not exist" if not bundle.has_secret else "lacks a certificate or the key"
    return "ca_lost", f"it {missing}, and Sentry would create another certificate authority than the one that the sidecars trust"


def new_ca_required(cause: str, evidence: str, state: DaprState) -> Problem:
    """The problem if a new certificate authority was not allowed."""
    first = f"Restore the Secret from a backup, or {RENEW}" if cause == "ca_lost" else RENEW
    return Problem("Secret", TRUST_BUNDLE, state.namespace, cause, evidence, f"{first}; or allow a new one here: {ALLOW}")


def plan_new_ca(cause: str, evidence: str, state: DaprState) -> list[RecoveryAction]:
    """Lets Sentry create a new certificate authority, and restarts everything that trusts the previous one."""
    actions = []
    data = (state.secret or {}).get("data") or {}
    if data:
        actions.append(_secret_action(BACK_UP, state, cause, "nothing is deleted without a backup", _backup(state)))
        actions.append(_secret_action(CLEAR_TRUST_BUNDLE, state, cause, evidence, _emptied(state)))
    if not state.bundle.has_secret:
        actions.append(_secret_action(CREATE, state, cause, evidence, _empty_object(state, "Secret")))
    if not state.bundle.has_configmap:
        body = _empty_object(state, "ConfigMap")
        actions.append(RecoveryAction(CREATE, "ConfigMap", TRUST_BUNDLE, state.namespace, cause, "it does not exist", body=body))
    existing = [component for component in ORDER if state.components[component.name].obj]
    return actions + [
        RecoveryAction(RESTART_COMPONENT, component.kind, component.workload, state.namespace, cause, "its certificate is invalid", component.name)
        for component in existing
    ]


def plan_repair(state: DaprState) -> list[RecoveryAction]:
    """Completes a usable bundle: the ConfigMap from the Secret; a missing object is created empty, as the chart does."""
    bundle, namespace = state.bundle, state.namespace
    if bundle.configmap_differs and bundle.has_configmap:
        evidence = "its trust anchors do not match the Secret: Sentry would create a new certificate authority at its next start"
        body = {"data": {CA_CERT: bundle.anchors}}
        return [RecoveryAction(SYNC_CONFIGMAP, "ConfigMap", TRUST_BUNDLE, namespace, "bundle_differs", evidence, body=body)]
    actions = []
    if not bundle.has_secret:
        evidence = "it does not exist, and no sidecar depends on a previous one"
        actions.append(_secret_action(CREATE, state, "object_missing", evidence, _empty_object(state, "Secret")))
    if not bundle.has_configmap:
        body = _empty_object(state, "ConfigMap")
        body["data"] = {CA_CERT: bundle.anchors} if bundle.is_complete else body.get("data") or {}
        actions.append(RecoveryAction(CREATE, "ConfigMap", TRUST_BUNDLE, namespace, "object_missing", "it does not exist", body=body))
    return actions


def stale_anchors_reason(state: DaprState) -> str:
    """Why all components that read the ConfigMap may use trust anchors that do not match the bundle, "" if they match.

    Dapr never reloads anchors a second time. The injector sends its own to the API server and to new pods.
    """
    bundle = state.bundle
    if bundle.configmap_differs and bundle.configmap_anchors:
        return "the kubelet updates the ConfigMap's wrong trust anchors in each pod at a different moment, and Dapr reloads them only once"
    if not bundle.is_complete or state.webhook is None:
        return ""
    if any(_got_outdated_anchors(problem, state) for problem in state.sidecar_problems):
        return "it uses trust anchors that do not match the trust bundle, as the most recently created pods show"
    return ""


def _got_outdated_anchors(problem: SidecarProblem, state: DaprState) -> bool:
    """Whether a pod got old anchors at a time when the injector should have had the current ones. A dry run shows what it gets now."""
    injection = state.injection.get(problem.pod["metadata"]["namespace"])
    if injection and injection.state == INJECTED:
        return False
    created = time_of(problem.pod["metadata"]["creationTimestamp"])
    return problem.category == OLD_CA and state.bundle_changed is not None and created > state.bundle_changed + PROPAGATION


def _secret_action(operation: str, state: DaprState, cause: str, evidence: str, body: dict) -> RecoveryAction:
    return RecoveryAction(operation, "Secret", TRUST_BUNDLE, state.namespace, cause, evidence, body=body)


def _empty_object(state: DaprState, kind: str) -> dict:
    released = state.release.objects.get((kind, TRUST_BUNDLE))
    return dict(released or {"apiVersion": "v1", "kind": kind, "metadata": {"name": TRUST_BUNDLE, "namespace": state.namespace}})


def _emptied(state: DaprState) -> dict:
    """The patch that empties the Secret, refused where it is another one than was read and backed up."""
    secret = state.secret or {}
    return {"metadata": {"resourceVersion": secret["metadata"]["resourceVersion"]}, "data": dict.fromkeys(secret["data"])}


def _backup(state: DaprState) -> dict:
    """A copy of the Secret. The same content gives the same name."""
    secret = state.secret or {}
    name = f"{TRUST_BUNDLE}-before-{secret['metadata']['resourceVersion']}"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": state.namespace}, "data": secret["data"]}
