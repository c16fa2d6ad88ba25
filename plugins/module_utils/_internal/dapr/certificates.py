# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods of the control plane that still use a previous trust bundle, for their certificate or as their trust anchors."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ..clients.cluster.client import Cluster
from ..clients.cluster.pods import is_active
from ..workloads.fields import containers_of, time_of
from .components import ControlPlaneComponent
from .probe import certificate_of
from .trust_bundle import TrustBundle, bundle_problems, is_issued_by

# What a component logs when the kubelet updates its ConfigMap (dapr/kit, crypto/spiffe/trustanchors/file.go). Dapr 1.16 watches the file itself,
# which the kubelet replaces, so it detects only the first change.
ANCHORS_RELOADED = re.compile(r'"?time"?[=:]\s*"([^"]+)".*Trust anchors file changed')
LOG_LINES = 5000
SYNC_DELAY = timedelta(seconds=2)  # from the kubelet's reading of a ConfigMap to the line in the log; managedFields have whole seconds


def outdated_pods(
    cluster: Cluster, component: ControlPlaneComponent, pods: tuple[dict, ...], bundle: TrustBundle, changed: datetime | None,
) -> tuple[tuple[dict, ...], tuple[dict, ...]]:
    """(pods with a certificate that the current issuer did not sign, pods that trust outdated anchors).

    ``changed``: when the bundle was last written; only pods that ran before can be outdated.
    """
    if changed is None or not bundle.is_complete or bundle_problems(bundle, cluster.now()):
        return (), ()
    older = [pod for pod in pods if is_active(pod) and _started_before(pod, changed)]
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


def _started_before(pod: dict, moment: datetime) -> bool:
    started = [(status.get("state") or {}).get("running", {}).get("startedAt") for _spec, status, _kind in containers_of(pod)]
    return any(started) and min(map(time_of, filter(None, started))) <= moment
