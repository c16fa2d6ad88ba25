# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a new pod gets a working sidecar, proven by a server-side dry run of one in the application's namespace. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ..clients.cluster.access import FORBIDDEN
from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.errors import ApiError
from ..workloads.daprd import DAPR_ENABLED, daprd_of
from .components import INJECTOR
from .trust_bundle import TrustBundle, trust_anchors, validates

NAME = "dapr-injection-check"
WEBHOOK_NAME = "sidecar-injector.dapr.io"
MASTERS = "system:masters"  # besides the controllers, whom the injector serves (pkg/injector/service/handler.go of Dapr 1.16)
SIDECAR_IMAGE = "SIDECAR_IMAGE"
# What the dry run shows. Nothing is proven where this user may not create pods, is not served by the injector, or another rule refuses the pod.
INJECTED, NOT_INJECTED, DENIED, UNPROVEN = "injected", "not_injected", "denied", "unproven"


@dataclass(frozen=True)
class Injection:
    """The result for a namespace. ``image`` and ``anchors`` are those that the sidecar would get; ``detail`` is the API server's message."""

    state: str
    detail: str = ""
    image: str = ""
    anchors: str = field(default="", repr=False)

    def problem(self, bundle: TrustBundle, image: str = "") -> str:
        """What is wrong with a new pod's sidecar, as the end of a sentence, "" if nothing is or nothing is proven. ``image``: the release's."""
        if self.state == DENIED:
            return f"is refused by the injector: {self.detail}"
        if self.state == NOT_INJECTED:
            return "gets no sidecar"
        if self.state == INJECTED and bundle.is_complete and not validates(self.anchors, bundle.issuer):
            return "gets a sidecar whose trust anchors do not validate the certificates that Sentry currently issues"
        if self.state == INJECTED and image and self.image != image:
            return f"gets a sidecar of the image {self.image} instead of {image}"
        return ""


def prove(cluster: Cluster, namespaces: Iterable[str]) -> dict[str, Injection]:
    """The result for each namespace."""
    ordered = sorted(set(namespaces))
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        results = dict(zip(ordered, pool.map(lambda namespace: _prove(cluster, namespace), ordered)))
    if any(one.state == NOT_INJECTED for one in results.values()) and not _is_served(cluster):
        detail = f"the injector serves only controllers and the group {MASTERS}"
        results = {name: replace(one, state=UNPROVEN, detail=detail) if one.state == NOT_INJECTED else one for name, one in results.items()}
    return results


def released_image(objects: dict[tuple[str, str], dict]) -> str:
    """The sidecar's image by the release, "" if it is not known."""
    injector = objects.get((INJECTOR.kind, INJECTOR.workload))
    containers = injector["spec"]["template"]["spec"]["containers"] if injector else []
    return next((entry.get("value") or "" for spec in containers for entry in spec.get("env") or [] if entry["name"] == SIDECAR_IMAGE), "")


def probe_pod() -> dict:
    """A pod that is annotated for a sidecar, within the limits of the strictest Pod Security level."""
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    resources = {kind: {"cpu": "1m", "memory": "4Mi"} for kind in ("requests", "limits")}
    container = {"name": "app", "image": NAME, "securityContext": context, "resources": resources}
    metadata = {"name": NAME, "annotations": {DAPR_ENABLED: "true", "dapr.io/app-id": NAME}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def judge(pod: dict) -> Injection:
    """The result by the pod as it would be stored. Pure."""
    daprd = daprd_of(pod)
    return Injection(INJECTED, image=daprd[0].get("image", ""), anchors=trust_anchors(daprd[0])) if daprd else Injection(NOT_INJECTED)


def judge_refusal(message: str) -> Injection:
    """The result by the API server's refusal of the pod. Mutating webhooks are called before quotas and Pod Security are checked. Pure."""
    return Injection(DENIED if WEBHOOK_NAME in message else UNPROVEN, message)


def _prove(cluster: Cluster, namespace: str) -> Injection:
    try:
        return judge(cluster.create("Pod", probe_pod(), namespace, dry_run="All"))
    except ApiError as error:
        if error.status in (400, FORBIDDEN, 404, 409, 422) or WEBHOOK_NAME in error.api_message:
            return judge_refusal(error.api_message)
        raise


def _is_served(cluster: Cluster) -> bool:
    """Whether the injector injects into pods that this user creates."""
    try:
        review = cluster.create("SelfSubjectReview", {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    except ApiError:  # before Kubernetes 1.28
        return False
    return MASTERS in (review.get("status", {}).get("userInfo", {}).get("groups") or [])
