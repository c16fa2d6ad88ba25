# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes the components of the control plane: whether each is ready, why not, and which trust bundle its pods use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ..clients.cluster.client import Cluster
from ..workloads.logs import with_logs
from ..workloads.model import COMPLETE, FAILED, RolloutStatus, WaitOptions, WorkloadStatus
from ..workloads.observe import WorkloadWatcher
from ..workloads.snapshot import Snapshot
from ..workloads.wait import wait_for
from .certificates import BundleTimes, outdated_pods
from .components import ORDER, ControlPlaneComponent
from .model import ComponentState
from .trust_bundle import TrustBundle

LOG_LINES = 20
# No timeouts: a control plane that needs a recovery has been waiting already.
NO_TIMEOUTS = WaitOptions(start_timeout=0, unreachable_timeout=0, scheduling_timeout=0, max_restarts=1)


def wait_for_control_plane(cluster: Cluster, namespace: str, timeout: int) -> tuple[WorkloadWatcher, RolloutStatus]:
    """The status of the existing components, once none of them is progressing any more."""
    watcher = WorkloadWatcher.open(cluster, namespace, tuple(component.as_workload for component in ORDER))
    names = {obj["metadata"]["name"] for kind in ("Deployment", "StatefulSet") for obj in watcher.observation.of(kind)}
    watcher.observation.workloads = tuple(workload for workload in watcher.observation.workloads if workload.name in names)
    return watcher, wait_for(watcher, NO_TIMEOUTS, timeout).status


def component_states(
    cluster: Cluster, watcher: WorkloadWatcher, status: RolloutStatus, bundle: TrustBundle, written: BundleTimes,
) -> dict[str, ComponentState]:
    """Each component by its name. ``written``: when the trust bundle was."""
    snapshot = Snapshot(watcher.observation, cluster.now(), NO_TIMEOUTS)
    statuses = {item.workload: item for item in status.workloads}

    def observe(component: ControlPlaneComponent) -> ComponentState:
        own, view = statuses.get(component.as_workload), snapshot.view(component.as_workload)
        if own is None or view is None:
            return ComponentState(WorkloadStatus(component.as_workload, FAILED), None)
        causes = with_logs(cluster, watcher.observation.namespace, list(own.causes), LOG_LINES) if own.state != COMPLETE else []
        pods = (*view.new_pods, *view.old_pods)
        return ComponentState(own, view.obj, pods, tuple(causes), *outdated_pods(cluster, component, pods, bundle, written))

    with ThreadPoolExecutor(len(ORDER)) as pool:
        return dict(zip((component.name for component in ORDER), pool.map(observe, ORDER)))
