# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the trust bundle becomes one that Sentry signs with and everybody trusts. Pure."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.dapr.actions import (
    BACK_UP,
    CREATE,
    EMPTY_BUNDLE,
    PUBLISH_ANCHORS,
    RESTART,
    Action,
    Problem,
)
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import ANCHORS, faults
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Found
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import ORDER, TRUST_BUNDLE
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import OLD_CA, Ailment
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.webhook import is_told_otherwise
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import time_of

KNOWN = timedelta(seconds=120)  # until the kubelet has shown a changed ConfigMap to all pods
RENEW = "dapr mtls renew-certificate -k --valid-until 365 --restart"
ALLOW = "allow_new_ca=true, which gives every sidecar a new pod"


def unusable(found: Found) -> tuple[str, str]:
    """(cause, evidence) of a bundle that only a new certificate authority replaces, ("", "") where it is usable or was never filled."""
    bundle = found.bundle
    wrong = faults(bundle, found.now)
    if wrong:
        return "ca_unusable", "; ".join(wrong)
    if bundle.is_whole or not (bundle.public or found.sidecars):
        return "", ""
    lacking = "is not there" if not bundle.has_secret else "lacks a certificate or the key"
    return "ca_lost", f"it {lacking}, and Sentry would make another certificate authority than the one that the sidecars trust"


def refusal(cause: str, evidence: str, found: Found) -> Problem:
    """What a person is told where a new certificate authority was not allowed."""
    first = f"Put the Secret back from a backup, or {RENEW}" if cause == "ca_lost" else RENEW
    return Problem("Secret", TRUST_BUNDLE, found.namespace, cause, evidence, f"{first}; or allow a new one here: {ALLOW}")


def renewal(cause: str, evidence: str, found: Found) -> list[Action]:
    """A new certificate authority: Sentry makes one where the Secret is empty, and everybody else takes it over at a restart."""
    actions = []
    data = (found.secret or {}).get("data") or {}
    if data:
        actions.append(_of_secret(BACK_UP, found, cause, "nothing is deleted without a copy", _copy(found)))
        actions.append(_of_secret(EMPTY_BUNDLE, found, cause, evidence, {"data": dict.fromkeys(data)}))
    if not found.bundle.has_secret:
        actions.append(_of_secret(CREATE, found, cause, evidence, _empty(found, "Secret")))
    if not found.bundle.has_configmap:
        actions.append(Action(CREATE, "ConfigMap", TRUST_BUNDLE, found.namespace, cause, "it is not there", body=_empty(found, "ConfigMap")))
    restarted = [component for component in ORDER if found.parts[component.name].obj]
    return actions + [
        Action(RESTART, component.kind, component.workload, found.namespace, cause, "its certificate is void", component.name)
        for component in restarted
    ]


def repair(found: Found) -> list[Action]:
    """What makes a usable bundle whole: the ConfigMap from the Secret; what is not there yet, empty, as the chart makes it."""
    bundle, namespace = found.bundle, found.namespace
    if bundle.differs and bundle.has_configmap:
        why = "its anchors are not those of the Secret: Sentry would make a new certificate authority at its next start"
        return [Action(PUBLISH_ANCHORS, "ConfigMap", TRUST_BUNDLE, namespace, "bundle_differs", why, body={"data": {ANCHORS: bundle.anchors}})]
    made = []
    if not bundle.has_secret:
        made.append(_of_secret(CREATE, found, "object_missing", "it is not there, and no sidecar needs a former one", _empty(found, "Secret")))
    if not bundle.has_configmap:
        body = _empty(found, "ConfigMap")
        body["data"] = {ANCHORS: bundle.anchors} if bundle.is_whole else body.get("data") or {}
        made.append(Action(CREATE, "ConfigMap", TRUST_BUNDLE, namespace, "object_missing", "it is not there", body=body))
    return made


def misleading(found: Found) -> str:
    """Why all who read the ConfigMap may have anchors that are not, or not any more, the bundle's; "" where they have the right ones.

    Dapr keeps for good what it has taken over. The injector tells the API server which it has, and gives them to new pods.
    """
    bundle = found.bundle
    if bundle.differs and bundle.public:
        return "the kubelet shows the ConfigMap's other anchors to each pod at a moment of its own, and Dapr takes them over only once"
    if not bundle.is_whole or found.webhook is None:
        return ""
    if is_told_otherwise(found.webhook, bundle) or any(_is_late(ailment, found) for ailment in found.ailments):
        return "it has taken over anchors that are not the trust bundle's, as the webhook's CA bundle or the last pods that were made show"
    return ""


def _is_late(ailment: Ailment, found: Found) -> bool:
    """Whether a pod got old anchors when the injector should long have known the present ones."""
    made = time_of(ailment.pod["metadata"]["creationTimestamp"])
    return ailment.what == OLD_CA and found.written is not None and made > found.written + KNOWN


def _of_secret(what: str, found: Found, cause: str, evidence: str, body: dict) -> Action:
    return Action(what, "Secret", TRUST_BUNDLE, found.namespace, cause, evidence, body=body)


def _empty(found: Found, kind: str) -> dict:
    released = found.release.get((kind, TRUST_BUNDLE))
    return dict(released or {"apiVersion": "v1", "kind": kind, "metadata": {"name": TRUST_BUNDLE, "namespace": found.namespace}})


def _copy(found: Found) -> dict:
    """The Secret under a name of its own, which is the same for the same content."""
    name = f"{TRUST_BUNDLE}-before-{found.secret['metadata']['resourceVersion']}"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": found.namespace}, "data": found.secret["data"]}
