# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes what new pods need for their sidecars: the trust bundle, the webhook, and the injector behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..clients.cluster.client import Cluster
from .access import get, list_all
from .components import TRUST_BUNDLE, WEBHOOK
from .trust_bundle import TrustBundle, read_bundle
from .webhook import ca_bundle_problem, ready_endpoints


@dataclass(frozen=True)
class InjectorState:
    """``endpoints``: ready addresses behind the injector's Service, None if they were not read."""

    secret: dict | None = field(repr=False)
    configmap: dict | None
    webhook: dict | None
    endpoints: int | None = None

    @property
    def bundle(self) -> TrustBundle:
        """The trust bundle."""
        return read_bundle(self.secret, self.configmap)

    @property
    def problem(self) -> str:
        """Why a new pod would get no working sidecar, "" if none of these objects prevents it."""
        if self.endpoints == 0:
            return f"Service {WEBHOOK} has no ready endpoints"
        if self.webhook is None:
            return f"MutatingWebhookConfiguration {WEBHOOK} does not exist"
        if not self.bundle.is_complete:
            return "Sentry has not filled the trust bundle"
        problem = ca_bundle_problem(self.webhook, self.bundle)
        return f"the webhook {problem}" if problem else ""


def observe_injector(cluster: Cluster, namespace: str, secrets: list[dict] | None = None) -> InjectorState:
    """``secrets``: those of the namespace, None if they were not listed. Raises RunbookError for a missing permission."""
    listed = [secret for secret in secrets or [] if secret["metadata"]["name"] == TRUST_BUNDLE]
    return InjectorState(
        secret=next(iter(listed), None) if secrets is not None else get(cluster, "Secret", TRUST_BUNDLE, namespace, "to compare the trust bundle"),
        configmap=get(cluster, "ConfigMap", TRUST_BUNDLE, namespace, "to compare the trust bundle"),
        webhook=get(cluster, "MutatingWebhookConfiguration", WEBHOOK, None, "to check whether new pods get sidecars"),
    )


def observe_endpoints(cluster: Cluster, namespace: str) -> int:
    """How many addresses behind the injector's Service are ready. Raises RunbookError for a missing permission."""
    return ready_endpoints(list_all(cluster, "EndpointSlice", (namespace,), f"kubernetes.io/service-name={WEBHOOK}"))
