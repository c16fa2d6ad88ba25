# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parts of Dapr's control plane in the order in which they are brought back: the one table.

Source: Dapr's documentation of mTLS (sentry first, as all others get their certificates from it; the scheduler last). The injector comes
before the applications, whose new pods it gives their sidecars.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Workload


@dataclass(frozen=True)
class Component:
    """A part. ``workload`` is its name and its label ``app``; ``port``: where its pods present their certificate."""

    name: str
    kind: str
    workload: str
    port: int

    @property
    def as_workload(self) -> Workload:
        """For the judgement of workloads."""
        return Workload(self.kind, self.workload)


SENTRY = Component("sentry", "Deployment", "dapr-sentry", 50001)
OPERATOR = Component("operator", "Deployment", "dapr-operator", 6500)
PLACEMENT = Component("placement", "StatefulSet", "dapr-placement-server", 50005)
INJECTOR = Component("injector", "Deployment", "dapr-sidecar-injector", 4000)
SCHEDULER = Component("scheduler", "StatefulSet", "dapr-scheduler-server", 50006)
ORDER = (SENTRY, OPERATOR, PLACEMENT, INJECTOR, SCHEDULER)
WITHOUT_CHOICE = (SENTRY, OPERATOR, PLACEMENT, INJECTOR)  # the chart's values can leave the scheduler out

TRUST_BUNDLE = "dapr-trust-bundle"  # a Secret and a ConfigMap
WEBHOOK = "dapr-sidecar-injector"  # a MutatingWebhookConfiguration, and the Service that it calls
