# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The components of Dapr's control plane, in the order in which they are recovered.

Source: Dapr's documentation of mTLS (Sentry first, as it issues the certificates of all others; the scheduler last). The injector comes
before the applications, whose new pods need it for their sidecars.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..workloads.model import Workload


@dataclass(frozen=True)
class ControlPlaneComponent:
    """``workload`` is both its name and its label ``app``; ``tls_port``: where its pods present their certificate."""

    name: str
    kind: str
    workload: str
    tls_port: int

    @property
    def as_workload(self) -> Workload:
        """As the rollout's status names it."""
        return Workload(self.kind, self.workload)


SENTRY = ControlPlaneComponent("sentry", "Deployment", "dapr-sentry", 50001)
OPERATOR = ControlPlaneComponent("operator", "Deployment", "dapr-operator", 6500)
PLACEMENT = ControlPlaneComponent("placement", "StatefulSet", "dapr-placement-server", 50005)
INJECTOR = ControlPlaneComponent("injector", "Deployment", "dapr-sidecar-injector", 4000)
SCHEDULER = ControlPlaneComponent("scheduler", "StatefulSet", "dapr-scheduler-server", 50006)
ORDER = (SENTRY, OPERATOR, PLACEMENT, INJECTOR, SCHEDULER)
REQUIRED = (SENTRY, OPERATOR, PLACEMENT, INJECTOR)  # the chart's values can disable the scheduler

TRUST_BUNDLE = "dapr-trust-bundle"  # a Secret and a ConfigMap
WEBHOOK = "dapr-sidecar-injector"  # a MutatingWebhookConfiguration, and the Service that it calls
