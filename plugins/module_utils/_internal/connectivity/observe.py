# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes connections and Dapr sidecars of workloads from inside their pods."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..clients.cluster.access import needs
from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.kinds import path_of
from ..workloads.model import Workload
from .container import Container
from .daprd import Daprd, daprd_beside
from .model import ProbeTarget
from .network.model import Connection, NetworkProbe
from .network.observe import Probing, read_objects
from .network.observe import observe as observe_network
from .network.verdict import Verdict, verdict_of
from .options import ProbeOptions
from .sidecar import Sidecar, sidecar_of, sidecar_requests
from .targets import Objects, required_kinds, targets_of


@dataclass(frozen=True)
class ProbedSidecar:
    """A sidecar, and the container from which it was probed."""

    container: Container
    sidecar: Sidecar


@dataclass(frozen=True)
class ProbedNetwork:
    """What a container sees, and what that means for each connection."""

    probe: NetworkProbe
    verdicts: tuple[tuple[Connection, Verdict], ...]


@dataclass(frozen=True)
class ProbedPod:
    """A container, and what was requested of it."""

    target: ProbeTarget
    dapr: ProbedSidecar | None = None
    network: ProbedNetwork | None = None


def observe(cluster: Cluster, options: ProbeOptions) -> list[ProbedPod]:
    """Probes all pods at once. Raises RunbookError for options that cannot be met, and for containers without a usable program."""
    objects = list_objects(cluster, options.namespace, options.workloads)
    targets = targets_in(objects, options.namespace, options.workloads, options.container, all_pods=options.all_pods)
    daprds = [daprd_beside(target) if options.dapr else None for target in targets]
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        return list(pool.map(lambda target, daprd: _probe(cluster, target, daprd, options), targets, daprds))


def list_objects(cluster: Cluster, namespace: str, workloads: tuple[Workload, ...]) -> Objects:
    """The objects that are needed to find the pods of workloads."""
    return {kind: _list(cluster, kind, namespace) for kind in required_kinds(workloads)}


def targets_in(objects: Objects, namespace: str, workloads: tuple[Workload, ...], container: str | None, *, all_pods: bool) -> list[ProbeTarget]:
    """The containers of workloads from which is probed. Raises RunbookError, see targets."""
    return [target for workload in workloads for target in targets_of(workload, objects, namespace, container, all_pods)]


def judge(cluster: Cluster, target: ProbeTarget, probe: NetworkProbe) -> ProbedNetwork:
    """A probe with its verdicts."""
    objects = read_objects(cluster, target.namespace, probe)
    return ProbedNetwork(probe, tuple((one, verdict_of(one, probe, target, objects)) for one in probe.connections))


def _list(cluster: Cluster, kind: str, namespace: str) -> list[dict]:
    what = f"list {path_of(kind).rpartition('/')[2]}"
    with needs(what, namespace, "to find the pods of the workloads", missing=[f"{what} in namespace {namespace}"]):
        return cluster.list(kind, namespace)


def _probe(cluster: Cluster, target: ProbeTarget, daprd: Daprd | None, options: ProbeOptions) -> ProbedPod:
    network = None
    if options.network is not None:
        probe = observe_network(cluster, target, Probing(options.network, options.timeout))
        network = judge(cluster, target, probe)
    return ProbedPod(target, _probe_sidecar(cluster, daprd, options.timeout) if daprd else None, network)


def _probe_sidecar(cluster: Cluster, daprd: Daprd, timeout: int) -> ProbedSidecar:
    container = Container(cluster, daprd.target, timeout)
    return ProbedSidecar(container, sidecar_of(daprd, container.send(sidecar_requests(daprd))))
