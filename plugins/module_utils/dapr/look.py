# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at Dapr: its control plane, its trust bundle and webhook, and every pod that asks for a sidecar.

A healthy Dapr costs one list or get a kind. What explains a failure, or brings something back, is read only when there is one.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.ask import health_of
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Found, Part
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.injection import Injection, read_injection
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import SENTRY
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.parts import LOG_LINES, judge_parts, parts_of, written_at
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.read import get, list_all
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import Ailment, ailment, asking, crashes, is_starting, runs, to_ask
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.trouble import AT_ONCE, explained
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.daprd import DAPRD, daprd_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, WORKLOAD_KINDS, Verdict
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed

SETTLE = 60  # seconds in which what has just been started may get ready by itself
PAUSE = 1  # seconds between looks at pods that start


@dataclass(frozen=True)
class Scope:
    """What is looked at. ``namespaces`` of applications, empty: all. ``components``: those of Dapr that have to be in each of them."""

    namespace: str
    namespaces: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    release: str = "dapr"
    settle: int = SETTLE


@dataclass(frozen=True)
class Control:
    """What is seen of the control plane. ``written``: when somebody changed the trust bundle last."""

    injection: Injection
    parts: dict[str, Part]
    written: datetime | None

    @property
    def serves(self) -> bool:
        """Whether pods that start get ready by themselves."""
        there = [part for part in self.parts.values() if part.obj]
        sound = all(part.state.state == COMPLETE and part.replicas and not part.stale and not part.misled for part in there)
        return sound and not self.injection.problem


def look(cluster: Cluster, scope: Scope) -> Found:
    """Everything, at one moment. Raises RunbookError where Dapr is not there, or something may not be read."""
    feed, verdict = judge_parts(cluster, scope.namespace, scope.settle)
    _require_dapr(cluster, scope, verdict)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seeing = pool.submit(_control, cluster, scope, feed, verdict)
        listing = pool.submit(_applications, cluster, scope, seeing)
        workloads = [(kind, obj) for kind in WORKLOAD_KINDS for obj in list_all(cluster, kind, scope.namespaces)]
        control, pods = seeing.result(), listing.result()
    _require_namespaces(cluster, scope, [*pods, *(obj for _kind, obj in workloads)])
    injection, bundle = control.injection, control.injection.bundle
    found = Found(
        namespace=scope.namespace, now=cluster.now(), parts=control.parts, bundle=bundle, written=control.written,
        webhook=injection.webhook, endpoints=injection.endpoints, sidecars=sum(daprd_of(pod) is not None for pod in pods), pods=tuple(pods),
        ailments=tuple(_ailments(cluster, pods, bundle)), workloads=tuple(workloads), secret=injection.secret,
        missing_components=tuple(_missing_components(cluster, scope)),
    )
    return explained(cluster, found, scope.release)


def _control(cluster: Cluster, scope: Scope, feed: Feed, verdict: Verdict) -> Control:
    injection = read_injection(cluster, scope.namespace)
    written = max(filter(None, map(written_at, (injection.secret, injection.configmap))), default=None)
    return Control(injection, parts_of(cluster, feed, verdict, injection.bundle, written), written)


def _require_dapr(cluster: Cluster, scope: Scope, verdict: Verdict) -> None:
    """Refuses a namespace without any part of Dapr's control plane, and says where there is one."""
    if verdict.states:
        return
    elsewhere = sorted({obj["metadata"]["namespace"] for obj in list_all(cluster, "Deployment", ()) if obj["metadata"]["name"] == SENTRY.workload})
    if elsewhere:
        raise RunbookError(f"namespace: Dapr's control plane is not in {scope.namespace}, but in {', '.join(elsewhere)}. Set namespace to that.")
    if cluster.get("Namespace", scope.namespace) is None:
        raise RunbookError(f"namespace: there is no namespace {scope.namespace}, and no control plane of Dapr's in another. Install Dapr (role dapr).")
    raise RunbookError(f"namespace: nothing of Dapr's control plane is in {scope.namespace}. Install Dapr (role dapr).")


def _require_namespaces(cluster: Cluster, scope: Scope, objects: list[dict]) -> None:
    """Refuses a namespace of applications that does not exist; one in which something is found does."""
    empty = set(scope.namespaces) - {obj["metadata"]["namespace"] for obj in objects}
    for name in sorted(empty):
        if get(cluster, "Namespace", name, None, "to tell an empty namespace from one that does not exist") is None:
            raise RunbookError(f"app_namespaces: there is no namespace {name}. See kubectl get namespaces.")


def _applications(cluster: Cluster, scope: Scope, seeing: Future[Control]) -> list[dict]:
    """The pods that ask for a sidecar; where the control plane serves, once those that have just been made have started."""
    until = time.monotonic() + scope.settle
    while True:
        pods = asking(list_all(cluster, "Pod", scope.namespaces))
        control = seeing.result()
        starting = control.serves and any(is_starting(pod, control.injection.bundle, cluster.now()) for pod in pods)
        if not starting or time.monotonic() >= until:
            return pods
        time.sleep(PAUSE)


def _ailments(cluster: Cluster, pods: list[dict], bundle: Bundle) -> list[Ailment]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = {pod["metadata"]["uid"]: pool.submit(health_of, cluster, pod) for pod in pods if to_ask(pod)}
        logs = {pod["metadata"]["uid"]: pool.submit(_log, cluster, pod) for pod in pods if crashes(pod)}
        known = {uid: future.result() for uid, future in answers.items()}
        ends = {uid: future.result() for uid, future in logs.items()}
    uids = [(pod, pod["metadata"]["uid"]) for pod in pods]
    return [found for pod, uid in uids if (found := ailment(pod, bundle, cluster.now(), known.get(uid), ends.get(uid, "")))]


def _log(cluster: Cluster, pod: dict) -> str:
    """The end of what daprd wrote before it ended last. The kubelet keeps one ended container: where none runs again, that is no former one."""
    where = (pod["metadata"]["name"], pod["metadata"]["namespace"], DAPRD)
    again = runs(pod)
    return cluster.logs(*where, lines=LOG_LINES, previous=again) or cluster.logs(*where, lines=LOG_LINES, previous=not again)


def _missing_components(cluster: Cluster, scope: Scope) -> list[tuple[str, str]]:
    if not scope.components:
        return []
    there = {(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in list_all(cluster, "Component", scope.namespaces)}
    return [(namespace, name) for namespace in scope.namespaces for name in scope.components if (namespace, name) not in there]
