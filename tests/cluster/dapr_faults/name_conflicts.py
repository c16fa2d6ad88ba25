# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The name of a container's next attempt is in use in the node: the guide's CreateContainerError."""

from __future__ import annotations

from dataclasses import dataclass

from dapr_faults.cluster_state import SYSTEM, events_of, eventually, is_ready, only, pods_of, states, status_of, waiting
from dapr_faults.fault import Fault
from dapr_faults.node import container_id, hold, name_of, next_name, release, signal
from dapr_faults.workloads import NAMESPACE, apply, remove, workload
from harness import TestCluster

CONFLICT = "is already in use"
WAITER = "waits-for-dapr"
WAIT = "until nc -w 2 dapr-api.dapr-system.svc.cluster.local 443 -e true; do echo waiting for dapr-api; sleep 1; done"


@dataclass
class NameConflict(Fault):
    """``app`` is the label of the pods; the container has the same name.

    Between two attempts, the pod shows the wait for the next one, CrashLoopBackOff. If the ended container is ``removed``,
    there is nothing to wait for: the pod shows CreateContainerError all the time.
    """

    app: str = ""
    removed: bool = False
    pod: str = ""
    occupied: str = ""

    def inject(self, cluster: TestCluster) -> None:
        pod = self._choose(cluster)
        self.pod, identifier = pod["metadata"]["name"], container_id(pod, self.app)
        self.occupied = next_name(name_of(cluster, identifier))
        hold(cluster, self.occupied)
        if self.removed:
            cluster.docker("rm", "--force", identifier)
        else:
            signal(cluster, identifier, "KILL")
        eventually(lambda: self._fails(cluster))

    def persists(self, cluster: TestCluster) -> None:
        pod = self._broken(cluster)
        reasons = ("CreateContainerError",) if self.removed else ("CreateContainerError", "CrashLoopBackOff")
        assert waiting(pod, self.app) in reasons, f"not {' or '.join(reasons)}: {states([pod])}"
        assert any(CONFLICT in message for message in events_of(cluster, pod)), f"no event of {self.pod} mentions the name"

    def affected(self, cluster: TestCluster) -> set[tuple[str, str]]:
        return {(SYSTEM, self.pod)}

    def clean_up(self, cluster: TestCluster) -> None:
        if not self.occupied:
            return
        release(cluster, self.occupied)
        # Otherwise a pod that was not recovered would wait for its next attempt for minutes.
        stuck = [pod for pod in pods_of(cluster, self.app) if pod["metadata"]["name"] == self.pod and not is_ready(pod)]
        if stuck:
            cluster.kubectl("delete", "pod", self.pod, "-n", SYSTEM, "--ignore-not-found")

    def _choose(self, cluster: TestCluster) -> dict:
        return only(pods_of(cluster, self.app))

    def _broken(self, cluster: TestCluster) -> dict:
        return only([pod for pod in pods_of(cluster, self.app) if pod["metadata"]["name"] == self.pod])

    def _fails(self, cluster: TestCluster) -> None:
        pod = self._broken(cluster)
        assert waiting(pod, self.app) == "CreateContainerError", f"not CreateContainerError: {states([pod])}"
        self.persists(cluster)


@dataclass
class OperatorNameConflict(NameConflict):
    """With an application that waits for Dapr's API before it starts: the guide's Init:0/1. It starts once Dapr is recovered."""

    def inject(self, cluster: TestCluster) -> None:
        super().inject(cluster)
        apply(cluster, workload(cluster, WAITER, init=WAIT))
        eventually(lambda: self._waits(cluster))

    def persists(self, cluster: TestCluster) -> None:
        super().persists(cluster)
        if pods_of(cluster, WAITER, NAMESPACE):
            self._waits(cluster)

    def clean_up(self, cluster: TestCluster) -> None:
        super().clean_up(cluster)
        remove(cluster, WAITER)

    def _waits(self, cluster: TestCluster) -> None:
        pod = only(pods_of(cluster, WAITER, NAMESPACE))
        status = status_of(pod, "wait-for-dapr")
        assert "running" in status.get("state", {}) and pod["status"]["phase"] == "Pending", f"not Init:0/1: {states([pod])}"


@dataclass
class SchedulerMemberDown(NameConflict):
    """One member of three. The others keep running, and have to: without two of them the scheduler's data cannot be read."""

    member: int = 1

    def inject(self, cluster: TestCluster) -> None:
        others = self._others(cluster)
        super().inject(cluster)
        assert self._others(cluster) == others, f"other members restarted: {states(pods_of(cluster, self.app))}"

    def persists(self, cluster: TestCluster) -> None:
        super().persists(cluster)
        assert len(self._others(cluster)) == 2, f"other members are down: {states(pods_of(cluster, self.app))}"

    def _choose(self, cluster: TestCluster) -> dict:
        return only([pod for pod in pods_of(cluster, self.app) if pod["metadata"]["name"] == f"{self.app}-{self.member}"])

    def _others(self, cluster: TestCluster) -> dict[str, tuple[str, int]]:
        """UID and restarts of the other members that are ready."""
        others = [pod for pod in pods_of(cluster, self.app) if pod["metadata"]["name"] != f"{self.app}-{self.member}" and is_ready(pod)]
        return {pod["metadata"]["name"]: (pod["metadata"]["uid"], status_of(pod, self.app)["restartCount"]) for pod in others}


NAME_CONFLICTS = (
    OperatorNameConflict("operator_name_conflict", ("dapr-operator", CONFLICT), long=True, pause=60, app="dapr-operator"),
    NameConflict("injector_name_conflict", ("dapr-sidecar-injector", CONFLICT), long=True, app="dapr-sidecar-injector", removed=True),
    SchedulerMemberDown("scheduler_member_down", ("dapr-scheduler-server-1", CONFLICT), long=True, app="dapr-scheduler-server"),
)
