# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of the trust bundle."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dapr_faults import trust
from dapr_faults.control_plane import recreate, restart, restart_all
from dapr_faults.fault import Fault
from dapr_faults.looks import (
    CONTROL_PLANE,
    SYSTEM,
    anchors,
    control_plane_serves,
    dapr_pods,
    eventually,
    get,
    is_ready,
    only,
    patch,
    pods_of,
    sidecar_of,
    sidecars_serve,
    states,
    waiting,
    with_sidecar,
)
from dapr_faults.trial import injection_serves
from dapr_faults.trust import BUNDLE, ISSUER, ROOT, Bundle
from dapr_faults.workloads import NAMESPACE, apply, remove, workload
from harness import TestCluster

KEEPS = 180  # seconds in which the injector would have forgotten it, if it did
SYNC = 300  # seconds in which all have to know a changed ConfigMap: the kubelet tells its pods once a minute or so


def with_old_anchors(cluster: TestCluster) -> list[dict]:
    """The pods whose sidecar knows other roots than the Secret."""
    root = trust.read(cluster)[ROOT]
    return [pod for pod in with_sidecar(cluster) if sidecar_of(pod) and anchors(pod).strip() != root.strip()]


def delete_with_old_anchors(cluster: TestCluster) -> None:
    """Has their controllers make those pods anew."""
    for pod in with_old_anchors(cluster):
        cluster.kubectl("delete", "pod", pod["metadata"]["name"], "-n", pod["metadata"]["namespace"], "--wait=false", "--ignore-not-found")


def injector_knows(cluster: TestCluster, root: str) -> None:
    """Asserts that the API server is told that root for the injector, which tells it so when it knows a new one."""
    webhook = get(cluster, "mutatingwebhookconfiguration", "dapr-sidecar-injector")
    told = base64.b64decode(webhook["webhooks"][0]["clientConfig"].get("caBundle", "")).decode() if webhook else ""
    assert told.strip() == root.strip(), "the injector's webhook has another root certificate"


@dataclass
class BundleDiffers(Fault):
    """The ConfigMap has another root than the Secret. Sentry would make a new CA at its next start."""

    former: Bundle = field(default_factory=dict)
    other: str = ""

    def make(self, cluster: TestCluster) -> None:
        self._differ(cluster)
        self.persists(cluster)

    def persists(self, cluster: TestCluster) -> None:
        assert trust.root_in_configmap(cluster) == self.other, "the ConfigMap was changed"
        assert trust.read(cluster) == self.former, "the Secret was changed"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, f"{name}-") for name in CONTROL_PLANE}

    def clean(self, cluster: TestCluster) -> None:
        if self.former and trust.root_in_configmap(cluster) == self.other:
            trust.write_root(cluster, trust.read(cluster)[ROOT])
            restart_all(cluster)  # what has taken the other root over does not forget it by itself

    def _differ(self, cluster: TestCluster) -> None:
        self.former = trust.read(cluster)
        self.other = trust.make(self.former)[ROOT]
        trust.write_root(cluster, self.other)


@dataclass
class Misled(BundleDiffers):
    """The ConfigMap had another root for a while, and was repaired by hand. A part of the control plane keeps that root for good."""

    app: str = "misled"
    part: str = ""
    uid: str = ""

    def make(self, cluster: TestCluster) -> None:
        self.uid = self._pod(cluster)["metadata"]["uid"]
        self._differ(cluster)
        eventually(lambda: self._has_taken_over(cluster), SYNC)
        self._repair(cluster)
        apply(cluster, workload(cluster, self.app))
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert trust.root_in_configmap(cluster) == trust.read(cluster)[ROOT], "the ConfigMap differs"
        pod = only(pods_of(cluster, self.app, NAMESPACE))
        assert sidecar_of(pod) and not is_ready(pod), f"its sidecar works: {states([pod])}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return super().affected(cluster) | {(NAMESPACE, f"{self.app}-")}

    def clean(self, cluster: TestCluster) -> None:
        super().clean(cluster)
        remove(cluster, self.app)
        if self.uid and self._pod(cluster)["metadata"]["uid"] == self.uid:
            restart_all(cluster)

    def _pod(self, cluster: TestCluster) -> dict:
        return only(pods_of(cluster, self.part))

    def _has_taken_over(self, cluster: TestCluster) -> None:
        """Asserts that it has read the other root."""
        log = cluster.kubectl("logs", self._pod(cluster)["metadata"]["name"], "-n", SYSTEM)
        assert "Trust anchors file changed" in log, f"{self.part} has not read the ConfigMap again"

    def _repair(self, cluster: TestCluster) -> None:
        """What somebody does by hand, who also saw that new pods got no sidecars: the injector may have taken the root over too."""
        trust.write_root(cluster, self.former[ROOT])
        restart(cluster, "dapr-sidecar-injector")
        eventually(lambda: injection_serves(cluster))


@dataclass
class InjectorMisled(Misled):
    """The webhook was repaired by hand too. The injector keeps giving the other root to new pods."""

    def persists(self, cluster: TestCluster) -> None:
        super().persists(cluster)
        assert anchors(only(pods_of(cluster, self.app, NAMESPACE))).strip() == self.other.strip(), "its sidecar has the present root"

    def _has_taken_over(self, cluster: TestCluster) -> None:
        injector_knows(cluster, self.other)

    def _repair(self, cluster: TestCluster) -> None:
        trust.write_root(cluster, self.former[ROOT])
        told = base64.b64encode(self.former[ROOT].encode()).decode()
        change = [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": told}]
        patch(cluster, "mutatingwebhookconfiguration", "dapr-sidecar-injector", change, "json")
        time.sleep(KEEPS)


@dataclass
class SecretMissing(Fault):
    """The Secret was deleted, and with it the issuer's key, which is nowhere else. ``cure`` brings it back from a backup."""

    former: dict = field(default_factory=dict)

    def make(self, cluster: TestCluster) -> None:
        self.former = get(cluster, "secret", BUNDLE)
        cluster.kubectl("delete", "secret", BUNDLE, "-n", SYSTEM)
        eventually(lambda: self.persists(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert get(cluster, "secret", BUNDLE) is None, f"the Secret {BUNDLE} is back"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return dapr_pods(cluster)

    def cure(self, cluster: TestCluster) -> None:
        recreate(cluster, "secret", self.former)

    def clean(self, cluster: TestCluster) -> None:
        if self.former:
            recreate(cluster, "secret", self.former)
            delete_with_old_anchors(cluster)


@dataclass
class OldCa(Fault):
    """The CA was renewed and the control plane restarted, the applications not: their sidecars know the former root only."""

    def make(self, cluster: TestCluster) -> None:
        trust.write(cluster, trust.make(trust.read(cluster)))
        restart_all(cluster)
        eventually(lambda: injector_knows(cluster, trust.read(cluster)[ROOT]), SYNC)
        control_plane_serves(cluster)
        self.persists(cluster)

    def persists(self, cluster: TestCluster) -> None:
        old, everything = with_old_anchors(cluster), with_sidecar(cluster)
        assert old and len(old) == len(everything), f"made with the new root: {states([pod for pod in everything if pod not in old])}"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return dapr_pods(cluster, control_plane=False)

    def clean(self, cluster: TestCluster) -> None:
        delete_with_old_anchors(cluster)
        eventually(lambda: sidecars_serve(cluster), SYNC)


@dataclass
class CaExpired(Fault):
    """Root and issuer ran out a day ago, and Sentry was restarted. Who knows where the bundle comes from has to renew it."""

    by_person = True
    former: Bundle = field(default_factory=dict)
    expired: Bundle = field(default_factory=dict)

    def make(self, cluster: TestCluster) -> None:
        self.former = trust.read(cluster)
        self.expired = trust.make(self.former, end=datetime.now(UTC) - timedelta(days=1))
        trust.write(cluster, self.expired)
        self._restart_sentry(cluster)
        eventually(lambda: self._crashes(cluster))

    def persists(self, cluster: TestCluster) -> None:
        assert trust.read(cluster)[ISSUER] == self.expired[ISSUER], "the Secret was changed"
        eventually(lambda: self._crashes(cluster))

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, "dapr-sentry-")}

    def cure(self, cluster: TestCluster) -> None:
        trust.write(cluster, self.former)
        restart_all(cluster)  # what has taken the expired root over does not forget it by itself
        eventually(lambda: control_plane_serves(cluster), SYNC)
        eventually(lambda: injector_knows(cluster, self.former[ROOT]), SYNC)

    def clean(self, cluster: TestCluster) -> None:
        if self.expired and trust.read(cluster)[ISSUER] == self.expired[ISSUER]:
            self.cure(cluster)

    def _restart_sentry(self, cluster: TestCluster) -> None:
        cluster.kubectl("delete", "pod", "-l", "app=dapr-sentry", "-n", SYSTEM, "--timeout=300s")

    def _crashes(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, "dapr-sentry"))
        assert waiting(pod, "dapr-sentry") == "CrashLoopBackOff", f"not CrashLoopBackOff: {states([pod])}"
        told = cluster.kubectl("logs", pod["metadata"]["name"], "-n", SYSTEM, "--previous", "--tail=20", check=False)
        assert "certificate has expired" in told, f"the log of {pod['metadata']['name']} does not say it: {told}"


BUNDLES = (
    # In the long form until the whole control plane has taken the wrong root over.
    BundleDiffers("bundle_differs", (f"ConfigMap {BUNDLE}",), pause=150),
    InjectorMisled("injector_misled", ("has taken over anchors", "misled"), long=True, part="dapr-sidecar-injector"),
    Misled("placement_misled", ("has taken over anchors", "dapr-placement-server"), long=True, part="dapr-placement-server"),
    SecretMissing("bundle_secret_missing", (f"Secret {BUNDLE}",), long=True),
    OldCa("old_ca", ("backend-api", "anchors")),
    CaExpired("ca_expired", ("ran out",), long=True),
)
