# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of the trust bundle."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dapr_faults import trust_bundle
from dapr_faults.cluster_state import (
    CONTROL_PLANE,
    SYSTEM,
    anchors,
    dapr_pods,
    eventually,
    get,
    is_ready,
    only,
    patch,
    pods_of,
    require_control_plane,
    require_sidecars,
    sidecar_of,
    states,
    waiting,
    with_sidecar,
)
from dapr_faults.control_plane import recreate, restart, restart_all
from dapr_faults.dry_run import require_injection
from dapr_faults.fault import Fault
from dapr_faults.trust_bundle import BUNDLE, ISSUER, ROOT, Bundle
from dapr_faults.workloads import NAMESPACE, apply, remove, workload
from harness import TestCluster

KEEPS = 180  # seconds in which the injector would have dropped it, if it did
SYNC = 300  # seconds in which all have to use a changed ConfigMap: the kubelet updates its pods about once a minute


def with_old_anchors(cluster: TestCluster) -> list[dict]:
    """The pods whose sidecar has other roots than the Secret."""
    root = trust_bundle.read(cluster)[ROOT]
    return [pod for pod in with_sidecar(cluster) if sidecar_of(pod) and anchors(pod).strip() != root.strip()]


def delete_with_old_anchors(cluster: TestCluster) -> None:
    """Deletes those pods, so that their controllers recreate them."""
    for pod in with_old_anchors(cluster):
        cluster.kubectl("delete", "pod", pod["metadata"]["name"], "-n", pod["metadata"]["namespace"], "--wait=false", "--ignore-not-found")


def webhook_has_root(cluster: TestCluster, root: str) -> None:
    """Asserts that the injector's webhook has that root, which the injector sets when it loads a new one."""
    webhook = get(cluster, "mutatingwebhookconfiguration", "dapr-sidecar-injector")
    ca_bundle = base64.b64decode(webhook["webhooks"][0]["clientConfig"].get("caBundle", "")).decode() if webhook else ""
    assert ca_bundle.strip() == root.strip(), "the injector's webhook has another root certificate"


@dataclass
class BundleDiffers(Fault):
    """The ConfigMap has another root than the Secret. Sentry would make a new CA at its next start."""

    previous: Bundle = field(default_factory=dict)
    other: str = ""

    def inject(self, cluster: TestCluster) -> None:
        self._differ(cluster)
        self.persists(cluster)

    def persists(self, cluster: TestCluster) -> None:
        assert trust_bundle.root_in_configmap(cluster) == self.other, "the ConfigMap was changed"
        assert trust_bundle.read(cluster) == self.previous, "the Secret was changed"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, f"{name}-") for name in CONTROL_PLANE}

    def clean_up(self, cluster: TestCluster) -> None:
        if self.previous and trust_bundle.root_in_configmap(cluster) == self.other:
            trust_bundle.write_root(cluster, trust_bundle.read(cluster)[ROOT])
            restart_all(cluster)  # components that loaded the other root keep it

    def _differ(self, cluster: TestCluster) -> None:
        self.previous = trust_bundle.read(cluster)
        self.other = trust_bundle.create(self.previous)[ROOT]
        trust_bundle.write_root(cluster, self.other)


@dataclass
class WrongAnchors(BundleDiffers):
    """The ConfigMap had another root for a while, and was repaired manually. A component of the control plane keeps that root."""

    app: str = "wrong-anchors"
    component: str = ""
    uid: str = ""

    def inject(self, cluster: TestCluster) -> None:
        self.uid = self._pod(cluster)["metadata"]["uid"]
        self._differ(cluster)
        eventually(lambda: self._has_loaded_other_root(cluster), SYNC)
        self._repair(cluster)
        apply(cluster, workload(cluster, self.app))
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert trust_bundle.root_in_configmap(cluster) == trust_bundle.read(cluster)[ROOT], "the ConfigMap differs"
        pod = only(pods_of(cluster, self.app, NAMESPACE))
        assert sidecar_of(pod) and not is_ready(pod), f"its sidecar works: {states([pod])}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return super().affected(cluster) | {(NAMESPACE, f"{self.app}-")}

    def clean_up(self, cluster: TestCluster) -> None:
        super().clean_up(cluster)
        remove(cluster, self.app)
        if self.uid and self._pod(cluster)["metadata"]["uid"] == self.uid:
            restart_all(cluster)

    def _pod(self, cluster: TestCluster) -> dict:
        return only(pods_of(cluster, self.component))

    def _has_loaded_other_root(self, cluster: TestCluster) -> None:
        """Asserts that it has loaded the other root."""
        log = cluster.kubectl("logs", self._pod(cluster)["metadata"]["name"], "-n", SYSTEM)
        assert "Trust anchors file changed" in log, f"{self.component} has not read the ConfigMap again"

    def _repair(self, cluster: TestCluster) -> None:
        """The manual repair, with a restart of the injector, which may have loaded the wrong root too."""
        trust_bundle.write_root(cluster, self.previous[ROOT])
        restart(cluster, "dapr-sidecar-injector")
        eventually(lambda: require_injection(cluster))


@dataclass
class InjectorWrongAnchors(WrongAnchors):
    """The webhook was repaired manually too. The injector keeps injecting the other root into new pods."""

    def persists(self, cluster: TestCluster) -> None:
        super().persists(cluster)
        assert anchors(only(pods_of(cluster, self.app, NAMESPACE))).strip() == self.other.strip(), "its sidecar has the current root"

    def _has_loaded_other_root(self, cluster: TestCluster) -> None:
        webhook_has_root(cluster, self.other)

    def _repair(self, cluster: TestCluster) -> None:
        trust_bundle.write_root(cluster, self.previous[ROOT])
        encoded = base64.b64encode(self.previous[ROOT].encode()).decode()
        change = [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": encoded}]
        patch(cluster, "mutatingwebhookconfiguration", "dapr-sidecar-injector", change, "json")
        time.sleep(KEEPS)


@dataclass
class SecretMissing(Fault):
    """The Secret was deleted, and with it the only copy of the issuer's key. ``fix`` restores it from a backup."""

    previous: dict = field(default_factory=dict)

    def inject(self, cluster: TestCluster) -> None:
        self.previous = get(cluster, "secret", BUNDLE)
        cluster.kubectl("delete", "secret", BUNDLE, "-n", SYSTEM)
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert get(cluster, "secret", BUNDLE) is None, f"the Secret {BUNDLE} is back"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return dapr_pods(cluster)

    def fix(self, cluster: TestCluster) -> None:
        recreate(cluster, "secret", self.previous)

    def clean_up(self, cluster: TestCluster) -> None:
        if self.previous:
            recreate(cluster, "secret", self.previous)
            delete_with_old_anchors(cluster)


@dataclass
class OldCa(Fault):
    """The CA was renewed and the control plane restarted, but not the applications: their sidecars have only the previous root."""

    def inject(self, cluster: TestCluster) -> None:
        trust_bundle.write(cluster, trust_bundle.create(trust_bundle.read(cluster)))
        restart_all(cluster)
        eventually(lambda: webhook_has_root(cluster, trust_bundle.read(cluster)[ROOT]), SYNC)
        require_control_plane(cluster)
        self.persists(cluster)

    def persists(self, cluster: TestCluster) -> None:
        old, everything = with_old_anchors(cluster), with_sidecar(cluster)
        assert old and len(old) == len(everything), f"created with the new root: {states([pod for pod in everything if pod not in old])}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return dapr_pods(cluster, control_plane=False)

    def clean_up(self, cluster: TestCluster) -> None:
        delete_with_old_anchors(cluster)
        eventually(lambda: require_sidecars(cluster), SYNC)


@dataclass
class CaExpired(Fault):
    """Root and issuer expired a day ago, and Sentry was restarted. Only a manual renewal helps."""

    manual = True
    previous: Bundle = field(default_factory=dict)
    expired: Bundle = field(default_factory=dict)

    def inject(self, cluster: TestCluster) -> None:
        self.previous = trust_bundle.read(cluster)
        self.expired = trust_bundle.create(self.previous, end=datetime.now(UTC) - timedelta(days=1))
        trust_bundle.write(cluster, self.expired)
        self._restart_sentry(cluster)
        eventually(lambda: self._crashes(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert trust_bundle.read(cluster)[ISSUER] == self.expired[ISSUER], "the Secret was changed"
        eventually(lambda: self._crashes(cluster))

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, "dapr-sentry-")}

    def fix(self, cluster: TestCluster) -> None:
        trust_bundle.write(cluster, self.previous)
        restart_all(cluster)  # components that loaded the expired root keep it
        eventually(lambda: require_control_plane(cluster), SYNC)
        eventually(lambda: webhook_has_root(cluster, self.previous[ROOT]), SYNC)

    def clean_up(self, cluster: TestCluster) -> None:
        if self.expired and trust_bundle.read(cluster)[ISSUER] == self.expired[ISSUER]:
            self.fix(cluster)

    def _restart_sentry(self, cluster: TestCluster) -> None:
        cluster.kubectl("delete", "pod", "-l", "app=dapr-sentry", "-n", SYSTEM, "--timeout=300s")

    def _crashes(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, "dapr-sentry"))
        assert waiting(pod, "dapr-sentry") == "CrashLoopBackOff", f"not CrashLoopBackOff: {states([pod])}"
        log = cluster.kubectl("logs", pod["metadata"]["name"], "-n", SYSTEM, "--previous", "--tail=20", check=False)
        assert "certificate has expired" in log, f"the log of {pod['metadata']['name']} does not contain it: {log}"


BUNDLES = (
    # In the long form until the whole control plane has loaded the wrong root.
    BundleDiffers("bundle_differs", (f"ConfigMap {BUNDLE}",), pause=150),
    InjectorWrongAnchors("injector_wrong_anchors", ("trust anchors that", "wrong-anchors"), long=True, component="dapr-sidecar-injector"),
    WrongAnchors("placement_wrong_anchors", ("trust anchors that", "dapr-placement-server"), long=True, component="dapr-placement-server"),
    SecretMissing("bundle_secret_missing", (f"Secret {BUNDLE}",), long=True),
    OldCa("old_ca", ("backend-api", "anchors")),
    CaExpired("ca_expired", ("expired at",), long=True),
)
