# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds the running containers to read from: those of a workload, or the consumers of a key. One list of pods per namespace."""

from __future__ import annotations

from ...errors import RunbookError
from ..cluster.access import needs
from ..cluster.client import Cluster
from ..cluster.pods import INJECTED_CONTAINERS, controller_of
from .consumers import ENVIRONMENT, Consumer, consumers_of, may_define
from .container_values import Lookup, is_running, lookup_of

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
PURPOSE = "to find the running containers"


class PodFinder:
    """The pods of the namespaces that are queried, each namespace listed once."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._listed: dict[str, list[dict]] = {}

    def pods_in(self, namespace: str) -> list[dict]:
        """The pods of a namespace."""
        if namespace not in self._listed:
            with needs("list pods", namespace, PURPOSE, missing=[f"list pods in namespace {namespace}"]):
                self._listed[namespace] = self._cluster.list("Pod", namespace)
        return self._listed[namespace]

    def consumers(self, kind: str, name: str, namespace: str, key: str) -> list[Lookup]:
        """Every running container that reads that key of that Secret or ConfigMap."""
        return [
            lookup_of(pod, consumer)
            for pod in self.pods_in(namespace)
            for consumer in consumers_of(pod["spec"], kind, name, key)
            if is_running(pod, consumer.container)
        ]

    def with_variable(self, where: str, workload: str, namespace: str, container: str | None, variable: str) -> list[Lookup]:
        """The running containers of a workload that may have that variable. Raises RunbookError where there is none."""
        selector = self._selector(where, workload, namespace)
        pods = [pod for pod in self.pods_in(namespace) if matches(selector, pod)]
        lookups = [lookup for pod in pods for lookup in _lookups_in(pod, container, variable)]
        if not lookups:
            what = f"container {container}" if container else "container"
            raise RunbookError(
                f"{where}: {workload} in namespace {namespace} has no running {what} to read {variable} from. "
                "Start it first, or name another location."
            )
        return lookups

    def workload_of(self, lookup: Lookup) -> str:
        """Kind and name of a pod's workload, for example Deployment/frontend."""
        return owner_of(self._pod(lookup))

    def is_terminating(self, lookup: Lookup) -> bool:
        """Whether the pod is being deleted."""
        return "deletionTimestamp" in self._pod(lookup)["metadata"]

    def _pod(self, lookup: Lookup) -> dict:
        return next(one for one in self.pods_in(lookup.namespace) if one["metadata"]["name"] == lookup.pod)

    def _selector(self, where: str, workload: str, namespace: str) -> dict:
        kind, _slash, name = workload.partition("/")
        if kind not in KINDS or not name:
            raise RunbookError(f"{where}.workload: {workload} is not one of {', '.join(KINDS)} with a name, for example Deployment/frontend.")
        resource = f"{kind.lower()}s/{name}"
        with needs(f"get {resource}", namespace, PURPOSE, missing=[f"get {resource} in namespace {namespace}"]):
            obj = self._cluster.get(kind, name, namespace)
        if not obj:
            raise RunbookError(f"{where}.workload: there is no {kind} {name} in namespace {namespace}.")
        return obj["spec"]["selector"]


def owner_of(pod: dict) -> str:
    """The workload of a pod, or the pod itself where it has none, as kind/name."""
    kind, name = controller_of(pod)
    return f"{kind}/{name}" if kind else f"Pod/{pod['metadata']['name']}"


def matches(selector: dict, pod: dict) -> bool:
    """Whether a label selector matches a pod."""
    labels = pod["metadata"].get("labels") or {}
    required = (selector.get("matchLabels") or {}).items()
    return required <= labels.items() and all(_matches_expression(rule, labels) for rule in selector.get("matchExpressions") or [])


def _matches_expression(rule: dict, labels: dict) -> bool:
    key, values = rule["key"], rule.get("values") or []
    results = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return results[rule["operator"]]


def _lookups_in(pod: dict, container: str | None, variable: str) -> list[Lookup]:
    """The containers whose spec may define the variable, else all of the application's, as an entrypoint may set it."""
    spec = pod["spec"]
    containers = [*(spec.get("initContainers") or []), *spec["containers"]]
    running = [one for one in containers if is_running(pod, one["name"]) and container in (None, one["name"])]
    defining = [one for one in running if may_define(one, variable)]
    chosen = defining or [one for one in running if container or one["name"] not in INJECTED_CONTAINERS]
    return [
        lookup_of(pod, Consumer(one["name"], ENVIRONMENT, variable, needs_restart=True), declared=_declares(one, variable)) for one in chosen
    ]


def _declares(container: dict, variable: str) -> bool:
    return any(entry["name"] == variable for entry in container.get("env") or [])
