# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which running containers have to be asked: those of a workload, or those that read a key. One list of pods a namespace."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.readers import ENVIRONMENT, Reading, may_have, readings
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.running import Asked, asked_of, runs
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import INJECTED, controller_of

KINDS = ("Deployment", "StatefulSet", "DaemonSet")


class Pods:
    """The pods of the namespaces that are asked for."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._listed: dict[str, list[dict]] = {}

    def of(self, namespace: str) -> list[dict]:
        """The pods of a namespace."""
        if namespace not in self._listed:
            try:
                self._listed[namespace] = self._cluster.list("Pod", namespace)
            except ApiError as error:
                raise _forbidden(error, f"list pods in namespace {namespace}") from error
        return self._listed[namespace]

    def reading(self, kind: str, namespace: str, name: str, key: str) -> list[Asked]:
        """Every running container that reads that key of that Secret or ConfigMap."""
        return [
            asked_of(pod, reading)
            for pod in self.of(namespace)
            for reading in readings(pod["spec"], kind, name, key)
            if runs(pod, reading.container)
        ]

    def with_variable(self, where: str, workload: str, namespace: str, container: str | None, variable: str) -> list[Asked]:
        """The running containers of a workload that may have that variable. Raises RunbookError where there is none to ask."""
        selector = self._selector(where, workload, namespace)
        pods = [pod for pod in self.of(namespace) if matches(selector, pod)]
        asked = [question for pod in pods for question in _of_pod(pod, container, variable)]
        if not asked:
            what = f"container {container}" if container else "container"
            raise RunbookError(
                f"{where}: {workload} in namespace {namespace} has no running {what} to ask for {variable}. "
                "Bring it up first, or name another place."
            )
        return asked

    def workload_of(self, asked: Asked) -> str:
        """Kind and name of what a pod belongs to, for example Deployment/frontend."""
        pod = next(one for one in self.of(asked.namespace) if one["metadata"]["name"] == asked.pod)
        return owner_of(pod)

    def _selector(self, where: str, workload: str, namespace: str) -> dict:
        kind, _slash, name = workload.partition("/")
        if kind not in KINDS or not name:
            raise RunbookError(f"{where}.workload: {workload} is not one of {', '.join(KINDS)} with a name, for example Deployment/frontend.")
        try:
            found = self._cluster.get(kind, name, namespace)
        except ApiError as error:
            raise _forbidden(error, f"get {kind.lower()}s/{name} in namespace {namespace}") from error
        if not found:
            raise RunbookError(f"{where}.workload: there is no {kind} {name} in namespace {namespace}.")
        return found["spec"]["selector"]


def owner_of(pod: dict) -> str:
    """The workload of a pod, or the pod where it has none, as kind/name."""
    kind, name = controller_of(pod)
    return f"{kind}/{name}" if kind else f"Pod/{pod['metadata']['name']}"


def matches(selector: dict, pod: dict) -> bool:
    """Whether a label selector chooses a pod."""
    labels = pod["metadata"].get("labels") or {}
    wanted = (selector.get("matchLabels") or {}).items()
    return wanted <= labels.items() and all(_holds(rule, labels) for rule in selector.get("matchExpressions") or [])


def _holds(rule: dict, labels: dict) -> bool:
    key, values = rule["key"], rule.get("values") or []
    answers = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return answers[rule["operator"]]


def _of_pod(pod: dict, container: str | None, variable: str) -> list[Asked]:
    """The containers that are told to have the variable, or all of the application's, as an entrypoint may set it."""
    spec = pod["spec"]
    everyone = [*(spec.get("initContainers") or []), *spec["containers"]]
    running = [one for one in everyone if runs(pod, one["name"]) and container in (None, one["name"])]
    told = [one for one in running if may_have(one, variable)]
    chosen = told or [one for one in running if container or one["name"] not in INJECTED]
    return [
        asked_of(pod, Reading(one["name"], ENVIRONMENT, variable, fixed=True), declared=_declares(one, variable)) for one in chosen
    ]


def _declares(container: dict, variable: str) -> bool:
    return any(entry["name"] == variable for entry in container.get("env") or [])


def _forbidden(error: ApiError, what: str) -> RunbookError:
    if error.status != 403:
        return error
    return RunbookError(
        f"This user may not {what}, which is needed to find the running containers. Allow it with a Role and a RoleBinding.",
        missing_permissions=[what],
    )
