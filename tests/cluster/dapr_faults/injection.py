# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods that are created without their sidecar, and without any error."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from dapr_faults import trust_bundle
from dapr_faults.cluster_state import eventually, get, patch, pods_of, sidecar_of, states
from dapr_faults.control_plane import recreate, scale
from dapr_faults.dry_run import injects
from dapr_faults.fault import Fault
from dapr_faults.workloads import NAMESPACE, apply, ready_pods, remove, workload
from harness import TestCluster

INJECTOR = "dapr-sidecar-injector"
WEBHOOK = ("mutatingwebhookconfiguration", INJECTOR)
WITHOUT_SIDECAR = {"bare-deployment": "Deployment", "bare-statefulset": "StatefulSet", "bare-daemonset": "DaemonSet"}


@dataclass
class InjectorDown(Fault):
    """Pods were created while the injector was down, which may be ``back``."""

    back: bool = True

    def inject(self, cluster: TestCluster) -> None:
        scale(cluster, INJECTOR, 0)
        apply(cluster, *[workload(cluster, name, kind) for name, kind in WITHOUT_SIDECAR.items()])
        for name in WITHOUT_SIDECAR:
            ready_pods(cluster, name)
        if self.back:
            scale(cluster, INJECTOR, 1)
        self.persists(cluster)

    def persists(self, cluster: TestCluster) -> None:
        for name in WITHOUT_SIDECAR:
            pods = ready_pods(cluster, name)
            assert not any(map(sidecar_of, pods)), f"{name} has a sidecar: {states(pods)}"
        injectors = pods_of(cluster, INJECTOR)
        assert bool(injectors) == self.back, f"the injector: {states(injectors)}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(NAMESPACE, f"{name}-") for name in WITHOUT_SIDECAR}

    def clean_up(self, cluster: TestCluster) -> None:
        remove(cluster, *WITHOUT_SIDECAR)
        if not pods_of(cluster, INJECTOR):
            scale(cluster, INJECTOR, 1)


@dataclass
class WebhookBroken(Fault):
    """The API server does not call the injector any more: its configuration was deleted, or has no CA bundle."""

    deleted: bool = True
    previous: dict = field(default_factory=dict)

    def inject(self, cluster: TestCluster) -> None:
        eventually(lambda: self._injects(cluster))
        self.previous = get(cluster, *WEBHOOK)
        if self.deleted:
            cluster.kubectl("delete", *WEBHOOK)
        else:
            patch(cluster, *WEBHOOK, [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}], "json")
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        current = get(cluster, *WEBHOOK)
        if self.deleted:
            assert current is None, f"the {' '.join(WEBHOOK)} is back"
        else:
            assert current and not current["webhooks"][0]["clientConfig"].get("caBundle"), "the caBundle is back"
        assert not injects(cluster), "new pods get their sidecar"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return set()

    def clean_up(self, cluster: TestCluster) -> None:
        if not self.previous:
            return
        current = get(cluster, *WEBHOOK)
        if current is None:
            recreate(cluster, WEBHOOK[0], self.previous)
        elif not current["webhooks"][0]["clientConfig"].get("caBundle"):
            bundle = self.previous["webhooks"][0]["clientConfig"]["caBundle"]
            patch(cluster, *WEBHOOK, [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}], "json")
        eventually(lambda: self._injects(cluster))

    def _injects(self, cluster: TestCluster) -> None:
        assert injects(cluster), "new pods get no sidecar"


@dataclass
class ForeignCaBundle(WebhookBroken):
    """Somebody wrote the CA bundle of another authority. All certificates of Dapr are right, so nobody has to be restarted."""

    foreign: str = ""

    def inject(self, cluster: TestCluster) -> None:
        eventually(lambda: self._injects(cluster))
        self.previous = get(cluster, *WEBHOOK)
        self.foreign = base64.b64encode(trust_bundle.create(trust_bundle.read(cluster))[trust_bundle.ROOT].encode()).decode()
        self._write(cluster, self.foreign)
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert self._stored(cluster) == self.foreign, "the caBundle was changed again"
        assert not injects(cluster), "new pods get their sidecar"

    def clean_up(self, cluster: TestCluster) -> None:
        if self.foreign and self._stored(cluster) == self.foreign:
            self._write(cluster, self.previous["webhooks"][0]["clientConfig"]["caBundle"])
        eventually(lambda: self._injects(cluster))

    def _stored(self, cluster: TestCluster) -> str:
        return get(cluster, *WEBHOOK)["webhooks"][0]["clientConfig"].get("caBundle", "")

    def _write(self, cluster: TestCluster, value: str) -> None:
        patch(cluster, *WEBHOOK, [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": value}], "json")


INJECTION = (
    InjectorDown("injector_down", (*WITHOUT_SIDECAR, "daprd"), long=True),
    InjectorDown("injector_stays_down", (f"Deployment {INJECTOR}", *WITHOUT_SIDECAR, "daprd"), long=True, back=False),
    ForeignCaBundle("webhook_with_a_foreign_ca", (f"MutatingWebhookConfiguration {INJECTOR}", "CA bundle"), long=True, deleted=False),
    WebhookBroken("webhook_deleted", (f"MutatingWebhookConfiguration {INJECTOR}",), long=True),
    WebhookBroken("webhook_without_ca", (f"MutatingWebhookConfiguration {INJECTOR}", "CA bundle"), long=True, deleted=False),
)
