# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods of the control plane that still use a previous trust bundle, for their certificate or as their trust anchors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..clients.cluster.client import Cluster
from ..clients.cluster.pods import is_active
from ..workloads.fields import containers_of, data_changed, time_of
from .components import ControlPlaneComponent
from .probe import certificate_of
from .trust_bundle import TrustBundle, bundle_problems, is_issued_by

# What a component logs when the kubelet updates its ConfigMap (dapr/kit, crypto/spiffe/trustanchors/file.go). Dapr 1.16 watches the file itself,
# which the kubelet replaces, so it detects only the first change.
ANCHORS_RELOADED = re.compile(r'"?time"?[=:]\s*"([^"]+)".*Trust anchors file changed')
LOG_LINES = 5000
FIRST_FILLING = timedelta(minutes=5)  # in which Sentry fills the bundle of a new installation
SYNC_DELAY = timedelta(seconds=2)  # from the kubelet's reading of a ConfigMap to the line in the log; managedFields have whole seconds


@dataclass(frozen=True)
class BundleTimes:
    """When the Secret and the ConfigMap of the bundle were last written, and when the later one was created; None if that is not known."""

    changed: datetime | None = None
    created: datetime | None = None

    def is_first_filling(self, started: datetime) -> bool:
        """Whether a pod that started then can know no other bundle: the objects were empty, and have been filled only once."""
        return self.changed is not None and self.created is not None and self.created <= started and self.changed <= self.created + FIRST_FILLING


def bundle_times(secret: dict | None, configmap: dict | None) -> BundleTimes:
    """The times by the two objects. Pure."""
    metadata = [obj["metadata"] for obj in (secret, configmap) if obj]
    writes = [time for time in map(data_changed, metadata) if time]
    creations = [time_of(one["creationTimestamp"]) for one in metadata if one.get("creationTimestamp")]
    return BundleTimes(max(writes, default=None), max(creations, default=None))


def outdated_pods(
    cluster: Cluster, component: ControlPlaneComponent, pods: tuple[dict, ...], bundle: TrustBundle, written: BundleTimes,
) -> tuple[tuple[dict, ...], tuple[dict, ...]]:
    """(pods with a certificate that the current issuer did not sign, pods that trust outdated anchors).

    Only pods that ran before the bundle's last change can be outdated, and none that started with an installation whose Sentry filled it since.
    """
    changed = written.changed
    if changed is None or not bundle.is_complete or bundle_problems(bundle, cluster.now()):
        return (), ()
    started = [(pod, _started(pod)) for pod in pods if is_active(pod)]
    older = [pod for pod, since in started if since is not None and since <= changed and not written.is_first_filling(since)]
    leaves = [(pod, certificate_of(cluster, pod, component.tls_port)) for pod in older]
    old_certificate = tuple(pod for pod, leaf in leaves if leaf and not is_issued_by(bundle.issuer, leaf))
    return old_certificate, tuple(pod for pod in older if has_wrong_anchors(_log(cluster, pod), changed))


def has_wrong_anchors(log: str, changed: datetime) -> bool:
    """Whether the anchors that a component reloaded last are older than the bundle's last change. Pure."""
    reloads = ANCHORS_RELOADED.findall(log)
    return bool(reloads) and time_of(reloads[-1]) < changed + SYNC_DELAY


def _log(cluster: Cluster, pod: dict) -> str:
    metadata = pod["metadata"]
    return cluster.logs(metadata["name"], metadata["namespace"], pod["spec"]["containers"][0]["name"], lines=LOG_LINES)


def _started(pod: dict) -> datetime | None:
    states = [(status.get("state") or {}).get("running", {}).get("startedAt") for _spec, status, _kind in containers_of(pod)]
    return min((time_of(text) for text in states if text), default=None)
