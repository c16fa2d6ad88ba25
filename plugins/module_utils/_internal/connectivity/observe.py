# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes the Dapr sidecars of workloads from inside their pods."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..clients.cluster.access import needs
from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.kinds import path_of
from .container import Container
from .daprd import Daprd, daprd_beside
from .model import ProbeTarget
from .options import ProbeOptions
from .sidecar import Sidecar, sidecar_of, sidecar_requests
from .targets import Objects, required_kinds, targets_of


@dataclass(frozen=True)
class ProbedSidecar:
    """A sidecar, and the container from which it was probed."""

    container: Container
    sidecar: Sidecar


def observe(cluster: Cluster, options: ProbeOptions) -> list[ProbedSidecar]:
    """Probes all sidecars at once. Raises RunbookError for options that cannot be met, and for containers from which no request can be sent."""
    daprds = [daprd_beside(target) for target in _targets(cluster, options)]
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        return list(pool.map(lambda daprd: _probe(cluster, daprd, options.timeout), daprds))


def _targets(cluster: Cluster, options: ProbeOptions) -> list[ProbeTarget]:
    objects: Objects = {kind: _list(cluster, kind, options.namespace) for kind in required_kinds(options.workloads)}
    return [target for workload in options.workloads for target in targets_of(workload, objects, options)]


def _list(cluster: Cluster, kind: str, namespace: str) -> list[dict]:
    what = f"list {path_of(kind).rpartition('/')[2]}"
    with needs(what, namespace, "to find the pods of the workloads", missing=[f"{what} in namespace {namespace}"]):
        return cluster.list(kind, namespace)


def _probe(cluster: Cluster, daprd: Daprd, timeout: int) -> ProbedSidecar:
    container = Container(cluster, daprd.target, timeout)
    return ProbedSidecar(container, sidecar_of(daprd, container.send(sidecar_requests(daprd))))
