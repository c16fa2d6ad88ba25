# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at the parts of the control plane: whether each serves, why it does not, and what its pods hold of the trust bundle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Part
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.held import held
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import ORDER, Component
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import time_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.logs import with_logs
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, FAILED, Options, State, Verdict
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.wait import wait_for

LOG_LINES = 20
# Nothing is given time here: what waits for a way back has been waiting already.
AT_PRESENT = Options(create_grace=0, retry_grace=0, scheduling_grace=0, crash_restarts=1)


def judge_parts(cluster: Cluster, namespace: str, settle: int) -> tuple[Feed, Verdict]:
    """The parts' verdict, once nothing of it is on its way any more."""
    feed = Feed.open(cluster, namespace, tuple(component.as_workload for component in ORDER))
    names = {obj["metadata"]["name"] for kind in ("Deployment", "StatefulSet") for obj in feed.observation.of(kind)}
    feed.observation.workloads = tuple(workload for workload in feed.observation.workloads if workload.name in names)
    return feed, wait_for(feed, AT_PRESENT, settle).verdict


def parts_of(cluster: Cluster, feed: Feed, verdict: Verdict, bundle: Bundle, written: datetime | None) -> dict[str, Part]:
    """Each part by its name. ``written``: when somebody changed the trust bundle last."""
    scene = Scene(feed.observation, cluster.now(), AT_PRESENT)
    states = {state.workload: state for state in verdict.states}

    def part(component: Component) -> Part:
        state, subject = states.get(component.as_workload), scene.subject(component.as_workload)
        if state is None or subject is None:
            return Part(State(component.as_workload, FAILED), None)
        causes = with_logs(cluster, feed.observation.namespace, list(state.causes), LOG_LINES) if state.state != COMPLETE else []
        pods = (*subject.new_pods, *subject.old_pods)
        return Part(state, subject.obj, pods, tuple(causes), *held(cluster, component, pods, bundle, written))

    with ThreadPoolExecutor(len(ORDER)) as pool:
        return dict(zip((component.name for component in ORDER), pool.map(part, ORDER)))


def written_at(obj: dict | None) -> datetime | None:
    """When somebody wrote the data of an object last."""
    entries = (obj or {"metadata": {}})["metadata"].get("managedFields") or []
    return max((time_of(entry["time"]) for entry in entries if "f:data" in (entry.get("fieldsV1") or {})), default=None)
