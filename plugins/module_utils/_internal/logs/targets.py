# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which containers are read. Pure: pods as the API sends them."""

from __future__ import annotations

from dataclasses import dataclass

from ..clients.cluster.pods import INJECTED_CONTAINERS, controller_of, is_active
from ..errors import RunbookError
from ..workloads.fields import DEFAULT_CONTAINER, containers_of
from ..workloads.model import WORKLOAD_KINDS, Workload
from .options import LogOptions

MAX_PODS = 20  # whose logs are read, the newest


@dataclass(frozen=True)
class LogTarget:
    """A container of a pod. ``workload``: what the pod was selected by, a workload or None for a label selector."""

    pod: str
    container: str
    workload: Workload | None = None


def targets_of(pods: list[dict], options: LogOptions) -> list[LogTarget]:
    """The containers. Raises RunbookError for a workload or a selector without pods, and for a container that no pod has."""
    if options.label_selector is not None:
        return _targets(None, pods, options, f"label_selector: {options.label_selector} matches no pod")
    found = []
    for workload in options.workloads:
        own = [pod for pod in pods if controller_of(pod) == (workload.kind, workload.name)]
        found += _targets(workload, own, options, f"workloads: {workload} has no pods, or does not exist,{_known(pods)}")
    return found


def _targets(workload: Workload | None, pods: list[dict], options: LogOptions, without: str) -> list[LogTarget]:
    if not pods:
        where = f" in namespace {options.namespace}." if workload is None else ""
        raise RunbookError(f"{without}{where} Correct the name or the namespace; kubectl get pods -n {options.namespace} --show-labels lists all pods.")
    newest = sorted(pods, key=lambda pod: (is_active(pod), pod["metadata"]["creationTimestamp"]), reverse=True)[:MAX_PODS]
    return [LogTarget(pod["metadata"]["name"], _container_of(pod, options.container), workload) for pod in newest]


def _known(pods: list[dict]) -> str:
    known = sorted({f"{kind} {name}" for kind, name in map(controller_of, pods) if kind in WORKLOAD_KINDS})
    return f" in this namespace. With pods: {', '.join(known)}." if known else " in this namespace, which has no workload with pods."


def _container_of(pod: dict, container: str | None) -> str:
    """The named container, or the application's own: kubectl's default container, or the first that is not an injected sidecar."""
    names = [spec["name"] for spec, _status, _kind in containers_of(pod)]
    if container:
        if container not in names:
            raise RunbookError(f"container: pod {pod['metadata']['name']} has no container {container}. It has {', '.join(names)}.")
        return container
    preferred = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    own = [spec["name"] for spec in pod["spec"]["containers"] if spec["name"] not in INJECTED_CONTAINERS]
    return str(preferred) if preferred in names else (own or names)[0]
