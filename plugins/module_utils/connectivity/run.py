# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module's work: find the pods, ask them, judge, and publish where it is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.kinds import path_of
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity import dapr_publish
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.ask import Container
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr import Sidecar, requests, sidecar_of
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr_pod import Daprd, daprd_beside
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import Answer, Request, Target
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.workloads import Objects, kinds_needed, targets_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

AT_ONCE = 8  # containers that are asked at the same time


def run(cluster: Cluster, params: dict, check_mode: bool) -> dict:
    """The module's result. Raises RunbookError for options that can't be met and for pods that can't be asked."""
    if params["timeout"] < 1:
        raise RunbookError("timeout: at least one second is needed.")
    daprds = [daprd_beside(target) for target in _targets(cluster, params)]
    containers = [Container(cluster, daprd.target, params["timeout"]) for daprd in daprds]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sidecars = list(pool.map(_look, containers, daprds))
    outcome = _publish(params["publish"], containers[0], sidecars, check_mode) if params["publish"] else {"changed": False, "problem": ""}
    problems = [problem for problem in [*(one.problem for one in sidecars), outcome.pop("problem")] if problem]
    seen = [_shown(container, sidecar) for container, sidecar in zip(containers, sidecars, strict=True)]
    return {**outcome, "workloads": seen, "healthy": not problems, "problems": problems}


def _targets(cluster: Cluster, params: dict) -> list[Target]:
    workloads, namespace = params["workloads"], params["namespace"]
    if not workloads:
        raise RunbookError("workloads: none is named. Name at least one, for example {kind: Deployment, name: backend-api}.")
    objects: Objects = {kind: _list(cluster, kind, namespace) for kind in kinds_needed(workloads)}
    found = [targets_of(one, namespace, objects, params["container"], params["all_pods"]) for one in workloads]
    return [target for targets in found for target in targets]


def _list(cluster: Cluster, kind: str, namespace: str) -> list[dict]:
    try:
        return cluster.list(kind, namespace)
    except ApiError as error:
        if error.status != 403:
            raise
        what = f"list {path_of(kind).rpartition('/')[2]}"
        raise RunbookError(
            f"This user may not {what} in namespace {namespace}, which is needed to find the pods of the workloads. "
            "Allow it with a Role and a RoleBinding, or run as a user who may.",
            missing_permissions=[f"{what} in namespace {namespace}"],
        ) from error


def _look(container: Container, daprd: Daprd) -> Sidecar:
    return sidecar_of(daprd, container.ask(requests(daprd)))


def _publish(publish: dict, container: Container, sidecars: list[Sidecar], check_mode: bool) -> dict:
    hindrance = dapr_publish.hindrance(publish, sidecars)
    if hindrance:
        return {"changed": False, "problem": hindrance}
    event = {"pubsub": publish["pubsub"], "topic": publish["topic"], "workload": container.target.workload}
    if check_mode:
        return {"changed": True, "problem": "", "would_publish": event}
    answer = _send(container, dapr_publish.request(publish, sidecars[0].daprd))
    return {
        "changed": dapr_publish.may_be_out(answer),
        "problem": dapr_publish.problem_of(publish, container.target, answer),
        "published": {**event, "status": answer.status},
    }


def _send(container: Container, event: Request) -> Answer:
    try:
        return container.ask([event])[0]
    except RunbookError as error:
        raise RunbookError(f"{error} The event may be out.", **{**error.facts, "changed": True}) from error


def _shown(container: Container, sidecar: Sidecar) -> dict:
    target = container.target
    return {
        "kind": target.kind, "name": target.name, "pod": target.pod, "container": target.container, "program": container.program,
        "dapr": sidecar.to_dict(),
    }  # fmt: skip
