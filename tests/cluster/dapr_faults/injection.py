# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods that come up without their sidecar, and no error anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from dapr_faults.control_plane import recreate, scale
from dapr_faults.fault import Fault
from dapr_faults.looks import eventually, get, patch, pods_of, sidecar_of, states
from dapr_faults.trial import injects
from dapr_faults.workloads import NAMESPACE, apply, ready_pods, remove, workload
from harness import TestCluster

INJECTOR = "dapr-sidecar-injector"
WEBHOOK = ("mutatingwebhookconfiguration", INJECTOR)
BORN_BARE = {"bare-deployment": "Deployment", "bare-statefulset": "StatefulSet", "bare-daemonset": "DaemonSet"}


@dataclass
class InjectorAway(Fault):
    """Pods were made while the injector was away, which may be ``back``."""

    back: bool = True

    def make(self, cluster: TestCluster) -> None:
        scale(cluster, INJECTOR, 0)
        apply(cluster, *[workload(cluster, name, kind) for name, kind in BORN_BARE.items()])
        for name in BORN_BARE:
            ready_pods(cluster, name)
        if self.back:
            scale(cluster, INJECTOR, 1)
        self.persists(cluster)

    def persists(self, cluster: TestCluster) -> None:
        for name in BORN_BARE:
            pods = ready_pods(cluster, name)
            assert not any(map(sidecar_of, pods)), f"{name} has a sidecar: {states(pods)}"
        here = pods_of(cluster, INJECTOR)
        assert bool(here) == self.back, f"the injector: {states(here)}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(NAMESPACE, f"{name}-") for name in BORN_BARE}

    def clean(self, cluster: TestCluster) -> None:
        remove(cluster, *BORN_BARE)
        if not pods_of(cluster, INJECTOR):
            scale(cluster, INJECTOR, 1)


@dataclass
class WebhookBroken(Fault):
    """The API server doesn't ask the injector any more: its configuration is gone, or lacks the certificate."""

    deleted: bool = True
    former: dict = field(default_factory=dict)

    def make(self, cluster: TestCluster) -> None:
        eventually(lambda: self._asked(cluster))
        self.former = get(cluster, *WEBHOOK)
        if self.deleted:
            cluster.kubectl("delete", *WEBHOOK)
        else:
            patch(cluster, *WEBHOOK, [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}], "json")
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        present = get(cluster, *WEBHOOK)
        if self.deleted:
            assert present is None, f"the {' '.join(WEBHOOK)} is back"
        else:
            assert present and not present["webhooks"][0]["clientConfig"].get("caBundle"), "the caBundle is back"
        assert not injects(cluster), "new pods get their sidecar"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def clean(self, cluster: TestCluster) -> None:
        if not self.former:
            return
        present = get(cluster, *WEBHOOK)
        if present is None:
            recreate(cluster, WEBHOOK[0], self.former)
        elif not present["webhooks"][0]["clientConfig"].get("caBundle"):
            bundle = self.former["webhooks"][0]["clientConfig"]["caBundle"]
            patch(cluster, *WEBHOOK, [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}], "json")
        eventually(lambda: self._asked(cluster))

    def _asked(self, cluster: TestCluster) -> None:
        assert injects(cluster), "new pods get no sidecar"


INJECTION = (
    InjectorAway("injector_away", (*BORN_BARE, "daprd"), long=True),
    InjectorAway("injector_stays_away", (f"Deployment {INJECTOR}", *BORN_BARE, "daprd"), long=True, back=False),
    WebhookBroken("webhook_deleted", (f"MutatingWebhookConfiguration {INJECTOR}",), long=True),
    WebhookBroken("webhook_without_ca", (f"MutatingWebhookConfiguration {INJECTOR}", "CA bundle"), long=True, deleted=False),
)
