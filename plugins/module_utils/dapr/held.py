# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pods of the control plane hold of a trust bundle that was changed while they ran: a certificate, and the anchors that they trust by."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.ask import certificate_of
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle, faults, issued
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import Component
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import containers_of, is_active, time_of

# What a part writes when the kubelet shows it another ConfigMap (dapr/kit, crypto/spiffe/trustanchors/file.go). Dapr 1.16 watches the file itself,
# which the kubelet replaces by another, so it sees the first change alone.
TAKEN_OVER = re.compile(r'"?time"?[=:]\s*"([^"]+)".*Trust anchors file changed')
LOG_LINES = 5000
SHOWN = timedelta(seconds=2)  # from the kubelet's reading of a ConfigMap to the line in the log; times of writing are whole seconds


def held(cluster: Cluster, component: Component, pods: tuple[dict, ...], bundle: Bundle, written: datetime | None) -> tuple[tuple[dict, ...], tuple[dict, ...]]:
    """(stale, misled): pods with a certificate that the present issuer did not sign, and pods that trust by former anchors.

    ``written``: when somebody changed the bundle last; only pods that ran before can hold something else.
    """
    if written is None or not bundle.is_whole or faults(bundle, cluster.now()):
        return (), ()
    older = [pod for pod in pods if is_active(pod) and _runs_since_before(pod, written)]
    leaves = [(pod, certificate_of(cluster, pod, component.port)) for pod in older]
    stale = tuple(pod for pod, leaf in leaves if leaf and not issued(bundle.issuer, leaf))
    return stale, tuple(pod for pod in older if is_misled(_log(cluster, pod), written))


def is_misled(log: str, written: datetime) -> bool:
    """Whether the last anchors that a part took over are those of before the bundle's last change. Pure."""
    taken = TAKEN_OVER.findall(log)
    return bool(taken) and time_of(taken[-1]) < written + SHOWN


def _log(cluster: Cluster, pod: dict) -> str:
    metadata = pod["metadata"]
    return cluster.logs(metadata["name"], metadata["namespace"], pod["spec"]["containers"][0]["name"], lines=LOG_LINES)


def _runs_since_before(pod: dict, moment: datetime) -> bool:
    started = [(status.get("state") or {}).get("running", {}).get("startedAt") for _spec, status, _kind in containers_of(pod)]
    return any(started) and min(map(time_of, filter(None, started))) <= moment
