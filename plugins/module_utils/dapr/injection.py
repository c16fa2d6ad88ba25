# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what new pods get their sidecars by: the trust bundle, the webhook, and the injector behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle, bundle_of
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import TRUST_BUNDLE, WEBHOOK
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.read import get, list_all
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.webhook import authority_problem, serving


@dataclass(frozen=True)
class Injection:
    """``endpoints``: ready addresses behind the injector's Service."""

    secret: dict | None = field(repr=False)
    configmap: dict | None
    webhook: dict | None
    endpoints: int

    @property
    def bundle(self) -> Bundle:
        """The trust bundle."""
        return bundle_of(self.secret, self.configmap)

    @property
    def problem(self) -> str:
        """Why a pod that is made now would get no sidecar that works, "" if it would."""
        if not self.endpoints:
            return f"no ready pod is behind the Service {WEBHOOK}"
        if self.webhook is None:
            return f"there is no MutatingWebhookConfiguration {WEBHOOK}"
        if not self.bundle.is_whole:
            return "Sentry has not filled the trust bundle"
        wrong = authority_problem(self.webhook, self.bundle)
        return f"the webhook {wrong}" if wrong else ""


def read_injection(cluster: Cluster, namespace: str) -> Injection:
    """Raises RunbookError where something may not be read."""
    return Injection(
        secret=get(cluster, "Secret", TRUST_BUNDLE, namespace, "to compare the trust bundle"),
        configmap=get(cluster, "ConfigMap", TRUST_BUNDLE, namespace, "to compare the trust bundle"),
        webhook=get(cluster, "MutatingWebhookConfiguration", WEBHOOK, None, "to see whether new pods get sidecars"),
        endpoints=serving(list_all(cluster, "EndpointSlice", (namespace,), f"kubernetes.io/service-name={WEBHOOK}")),
    )
