# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs one case: deploys a good version, then a broken one, and records what the module reports and when."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import nullcontext
from dataclasses import dataclass, field

from harness import TestCluster
from load import Load
from modules import run_module
from rollout_failures.cases import DEFAULTS, MARK, Case
from rollout_failures.event_recorder import EventRecorder
from rollout_failures.manifests import NAME, RESOURCES, before, broken, good, pod_of, service

PREFIX = "rollout-failure-"
API_TIMEOUT = 180  # seconds in which the API has to enforce a new rule, and the node a new Service
EVENT_TIMEOUT = 120  # seconds in which the recorder has to receive the symptom


@dataclass(frozen=True)
class CaseResult:
    """The result of a case. Moments are of time.monotonic."""

    result: dict  # the module's
    rollback: dict  # the result of a second run, with rollback_on_failure
    template: dict  # the workload's pod template in the end
    former: dict  # and before the broken version
    pods: list[dict]  # the pods that are not terminating, at the end
    options: dict  # the options of the module
    symptom: float | None  # when the API showed it first
    began: float  # when the module's wait began
    ended: float  # when the module had ended
    requests: int
    lost: list[tuple[float, str]]  # failed requests to the previous version

    def late(self, case: Case) -> float:
        """Seconds from the moment at which the failure was certain, and the module was waiting, to the end of its process."""
        grace = self.options[case.grace] if case.grace else 0
        due = self.began + grace if case.grace == "timeout" else max(self.symptom + grace, self.began)
        return self.ended - due


@dataclass
class CaseRunner:
    """Use ``run`` once. ``options`` are the module's that differ from its defaults."""

    cluster: TestCluster
    recorder: EventRecorder
    host: str  # the node's address
    image: str  # one that is in the node and has httpd
    options: dict = field(default_factory=dict)
    with_load: bool = False

    def run(self, case: Case, kind: str) -> CaseResult:
        """Deploys the case and runs the module on it."""
        namespace = f"{PREFIX}{case.name}-{secrets.token_hex(3)}"
        labels = {MARK: "", **case.namespace_labels}
        self._apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}])
        try:
            self._apply([good(kind, self.image), service()], namespace)
            self.cluster.kubectl("rollout", "status", f"{RESOURCES[kind]}/{NAME}", "-n", namespace, "--timeout=300s")
            url = self._url(namespace)
            self._wait_until_it_answers(url)
            with Load(url) if self.with_load else nullcontext() as load:
                result = self._break(case, kind, namespace)
        finally:  # a node takes 110 pods
            self.cluster.kubectl("delete", "namespace", namespace, "--wait=false")
        return CaseResult(**result, requests=load.requests if load else 0, lost=load.failures if load else [])

    def _break(self, case: Case, kind: str, namespace: str) -> dict:
        workload, former = broken(case, kind, self.image), self._template(kind, namespace)
        self._apply(before(case, namespace), namespace)
        if case.refused:
            self._wait_until_refused(pod_of(workload), namespace)
        self._apply([workload], namespace)
        result, ended = self._follow(kind, namespace)
        options = {**DEFAULTS, **self.options}
        symptom = self._symptom(case, namespace, options)
        rollback, _ended = self._follow(kind, namespace, rollback_on_failure=True)
        pods = [pod for pod in self.cluster.objects("pods", namespace) if "deletionTimestamp" not in pod["metadata"]]
        return {
            "result": result, "options": options, "symptom": symptom, "began": ended - result["seconds"], "ended": ended,
            "rollback": rollback, "former": former, "template": self._template(kind, namespace), "pods": pods,
        }

    def _template(self, kind: str, namespace: str) -> dict:
        return json.loads(self.cluster.kubectl("get", RESOURCES[kind], NAME, "-n", namespace, "-o", "json"))["spec"]["template"]

    def _follow(self, kind: str, namespace: str, **more) -> tuple[dict, float]:
        """The module's result, and when its process had ended."""
        result = run_module("rollout", kubeconfig=str(self.cluster.kubeconfig), context=self.cluster.profile, namespace=namespace,
                            workloads=[{"kind": kind, "name": NAME}], **{**self.options, **more})
        return result, time.monotonic()

    def _symptom(self, case: Case, namespace: str, options: dict) -> float | None:
        deadline = time.monotonic() + EVENT_TIMEOUT
        while (moment := self.recorder.first(namespace, case.symptom, options)) is None and time.monotonic() < deadline:
            time.sleep(0.2)
        return moment

    def _wait_until_refused(self, pod: dict, namespace: str) -> None:
        deadline = time.monotonic() + API_TIMEOUT
        while self.cluster.kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", stdin=json.dumps(pod), check=False):
            assert time.monotonic() < deadline, f"the API does not refuse the pods of {namespace}"
            time.sleep(0.5)

    def _wait_until_it_answers(self, url: str) -> None:
        """The node updates its rules for a Service shortly after the pods are ready."""
        deadline = time.monotonic() + API_TIMEOUT
        while True:
            with Load(url, rate=5) as load:
                time.sleep(0.5)
            if load.requests and not load.failures:
                return
            assert time.monotonic() < deadline, f"{url} does not answer: {load.failures[:1]}"

    def _apply(self, objects: list[dict], namespace: str = "default") -> None:
        if objects:
            self.cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def _url(self, namespace: str) -> str:
        port = self.cluster.kubectl("get", "service", NAME, "-n", namespace, "-o", "jsonpath={.spec.ports[0].nodePort}")
        return f"http://{self.host}:{port}/"


def remove_all(cluster: TestCluster, wait: bool) -> None:
    """Removes what cases left behind, of this run and of interrupted earlier ones."""
    cluster.kubectl("delete", "namespace", "-l", MARK, f"--wait={str(wait).lower()}")
    for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
        names = cluster.kubectl("get", kind, "-o", "name").split()
        mine = [name for name in names if f"/{PREFIX}" in name]
        if mine:
            cluster.kubectl("delete", *mine)
