# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at Dapr: its control plane, its trust bundle and webhook, and every pod that asks for a sidecar.

A healthy Dapr costs one list or get a kind. What explains a failure, or brings something back, is read only when there is one.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.ask import certificate_of, health_of
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle, bundle_of, faults, issued
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.found import Found, Part
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.observe import release_of
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.order import ORDER, TRUST_BUNDLE, WEBHOOK, Component
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.release import objects_of
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.sidecars import (
    DAPRD,
    Ailment,
    ailment,
    asking,
    crashes,
    daprd_of,
    is_starting,
    to_ask,
)
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.webhook import serving
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.fields import condition, containers_of, is_active, time_of
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.logs import with_logs
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE, FAILED, WORKLOAD_KINDS, Options, State, Verdict
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.observe import Feed
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.scene import Scene
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.wait import wait_for

AT_ONCE = 8  # calls
LOG_LINES = 20
SETTLE = 60  # seconds in which what has just been started may get ready by itself
PAUSE = 1  # seconds between looks at pods that start
# Nothing is given time here: what waits for a way back has been waiting already.
AT_PRESENT = Options(create_grace=0, retry_grace=0, scheduling_grace=0, crash_restarts=1)


@dataclass(frozen=True)
class Scope:
    """What is looked at. ``namespaces`` of applications, empty: all. ``components``: those of Dapr that have to be in each of them."""

    namespace: str
    namespaces: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    release: str = "dapr"
    settle: int = SETTLE


def look(cluster: Cluster, scope: Scope) -> Found:
    """Everything, at one moment. Raises RunbookError where Dapr is not there, or something may not be read."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        control = pool.submit(_control_plane, cluster, scope)
        read = {
            "secret": pool.submit(_get, cluster, "Secret", TRUST_BUNDLE, scope.namespace, "to compare the trust bundle"),
            "configmap": pool.submit(_get, cluster, "ConfigMap", TRUST_BUNDLE, scope.namespace, "to compare the trust bundle"),
            "webhook": pool.submit(_get, cluster, "MutatingWebhookConfiguration", WEBHOOK, None, "to see whether new pods get sidecars"),
            "slices": pool.submit(_list, cluster, "EndpointSlice", (scope.namespace,), f"kubernetes.io/service-name={WEBHOOK}"),
            "workloads": pool.submit(lambda: [(kind, obj) for kind in WORKLOAD_KINDS for obj in _list(cluster, kind, scope.namespaces)]),
        }
        feed, verdict = control.result()
        got = {name: future.result() for name, future in read.items()}
    _require_dapr(cluster, scope, verdict, got["webhook"])
    bundle = bundle_of(got["secret"], got["configmap"])
    pods = _applications(cluster, scope, wait=verdict.state == COMPLETE)
    found = Found(
        namespace=scope.namespace, now=cluster.now(), parts=_parts(cluster, scope, feed, verdict, bundle, got), bundle=bundle,
        webhook=got["webhook"], endpoints=serving(got["slices"]), sidecars=sum(daprd_of(pod) is not None for pod in pods), pods=tuple(pods),
        ailments=tuple(_ailments(cluster, pods, bundle)), workloads=tuple(got["workloads"]), secret=got["secret"], configmap=got["configmap"],
        missing_components=tuple(_missing_components(cluster, scope)),
    )
    return _explained(cluster, scope, found)


def _control_plane(cluster: Cluster, scope: Scope) -> tuple[Feed, Verdict]:
    """The parts' verdict, once nothing of it is on its way any more."""
    feed = Feed.open(cluster, scope.namespace, tuple(component.as_workload for component in ORDER))
    names = {obj["metadata"]["name"] for kind in ("Deployment", "StatefulSet") for obj in feed.observation.of(kind)}
    feed.observation.workloads = tuple(workload for workload in feed.observation.workloads if workload.name in names)
    return feed, wait_for(feed, AT_PRESENT, scope.settle).verdict


def _require_dapr(cluster: Cluster, scope: Scope, verdict: Verdict, webhook: dict | None) -> None:
    """Refuses a namespace without any part of Dapr's control plane, and says where there is one."""
    if verdict.states:
        return
    elsewhere = sorted({obj["metadata"]["namespace"] for obj in _list(cluster, "Deployment", ()) if obj["metadata"]["name"] == ORDER[0].workload})
    if elsewhere:
        raise RunbookError(f"namespace: Dapr's control plane is not in {scope.namespace}, but in {', '.join(elsewhere)}. Set namespace to that.")
    if cluster.get("Namespace", scope.namespace) is None:
        raise RunbookError(f"namespace: there is no namespace {scope.namespace}, and no control plane of Dapr's in another. Install Dapr (role dapr).")
    left = f" Its webhook {WEBHOOK} is still there." if webhook else ""
    raise RunbookError(f"namespace: nothing of Dapr's control plane is in {scope.namespace}.{left} Install Dapr (role dapr).")


def _parts(cluster: Cluster, scope: Scope, feed: Feed, verdict: Verdict, bundle: Bundle, got: dict) -> dict[str, Part]:
    scene = Scene(feed.observation, cluster.now(), AT_PRESENT)
    states = {state.workload: state for state in verdict.states}
    written = max(filter(None, (_written(got[name]) for name in ("secret", "configmap"))), default=None)
    parts = {}
    for component in ORDER:
        state, subject = states.get(component.as_workload), scene.subject(component.as_workload)
        if state is None or subject is None:
            parts[component.name] = Part(State(component.as_workload, FAILED), None)
            continue
        causes = with_logs(cluster, scope.namespace, list(state.causes), LOG_LINES) if state.state != COMPLETE else []
        pods = (*subject.new_pods, *subject.old_pods)
        parts[component.name] = Part(state, subject.obj, pods, tuple(causes), _stale(cluster, component, pods, bundle, written))
    return parts


def _stale(cluster: Cluster, component: Component, pods: tuple[dict, ...], bundle: Bundle, written) -> tuple[dict, ...]:
    """Pods that are older than the bundle's last change, and present a certificate that the present issuer did not sign."""
    if written is None or not bundle.is_whole or faults(bundle, cluster.now()):
        return ()
    older = [pod for pod in pods if is_active(pod) and _runs_since_before(pod, written)]
    leaves = [(pod, certificate_of(cluster, pod, component.port)) for pod in older]
    return tuple(pod for pod, leaf in leaves if leaf and not issued(bundle.issuer, leaf))


def _runs_since_before(pod: dict, moment) -> bool:
    started = [(status.get("state") or {}).get("running", {}).get("startedAt") for _spec, status, _kind in containers_of(pod)]
    return any(started) and min(map(time_of, filter(None, started))) <= moment


def _written(obj: dict | None):
    """When somebody wrote the data of an object last."""
    entries = (obj or {"metadata": {}})["metadata"].get("managedFields") or []
    return max((time_of(entry["time"]) for entry in entries if "f:data" in (entry.get("fieldsV1") or {})), default=None)


def _applications(cluster: Cluster, scope: Scope, wait: bool) -> list[dict]:
    """The pods that ask for a sidecar; where the control plane serves, once those that have just been made have started."""
    until = time.monotonic() + scope.settle
    while True:
        pods = asking(_list(cluster, "Pod", scope.namespaces))
        if not wait or time.monotonic() >= until or not any(is_starting(pod, cluster.now()) for pod in pods):
            return pods
        time.sleep(PAUSE)


def _ailments(cluster: Cluster, pods: list[dict], bundle: Bundle) -> list[Ailment]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = {pod["metadata"]["uid"]: pool.submit(health_of, cluster, pod) for pod in pods if to_ask(pod)}
        logs = {pod["metadata"]["uid"]: pool.submit(_log, cluster, pod) for pod in pods if crashes(pod)}
        known = {uid: future.result() for uid, future in answers.items()}
        ends = {uid: future.result() for uid, future in logs.items()}
    uids = [(pod, pod["metadata"]["uid"]) for pod in pods]
    return [found for pod, uid in uids if (found := ailment(pod, bundle, known.get(uid), ends.get(uid, "")))]


def _log(cluster: Cluster, pod: dict) -> str:
    where = (pod["metadata"]["name"], pod["metadata"]["namespace"], DAPRD)
    return cluster.logs(*where, lines=LOG_LINES, previous=True) or cluster.logs(*where, lines=LOG_LINES)


def _explained(cluster: Cluster, scope: Scope, found: Found) -> Found:
    """With what is needed to act: the release's objects and the nodes where the control plane has trouble, and who owns the pods."""
    owned = {pod["metadata"]["namespace"] for pod in found.pods} if found.ailments or _in_trouble(found) else ()
    sets = [item for namespace in sorted(owned) for item in cluster.list_metadata("ReplicaSet", namespace)]
    found = replace(found, replica_sets=tuple(sets))
    if not _in_trouble(found):
        return found
    release = objects_of(release_of(cluster, scope.release, scope.namespace))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        stored = list(pool.map(lambda obj: _exists(cluster, obj, scope.namespace), release.values()))
    missing = tuple(obj for obj, exists in zip(release.values(), stored) if not exists)
    return replace(found, release=release, missing=missing, bare_nodes=tuple(_unready_nodes(cluster)))


def _in_trouble(found: Found) -> bool:
    """Whether something of the control plane lacks."""
    parts = any(part.obj is not None and (part.state.state != COMPLETE or part.replicas == 0) for part in found.parts.values())
    absent_parts = any(part.obj is None for part in found.parts.values())
    bundle = found.bundle
    whole = bundle.is_whole and not bundle.differs and not faults(bundle, found.now)
    return parts or absent_parts or not whole or not found.webhook or not found.endpoints


def _exists(cluster: Cluster, obj: dict, namespace: str) -> bool:
    """What may not be read counts as there."""
    metadata = {"namespace": namespace, **obj["metadata"]}
    try:
        return cluster.get_object({**obj, "metadata": metadata}) is not None
    except ApiError as error:
        if error.status == 403:
            return True
        raise


def _unready_nodes(cluster: Cluster) -> list[str]:
    try:
        nodes = cluster.list("Node")
    except ApiError as error:
        if error.status == 403:
            return []
        raise
    return [node["metadata"]["name"] for node in nodes if condition(node, "Ready").get("status") != "True"]


def _missing_components(cluster: Cluster, scope: Scope) -> list[tuple[str, str]]:
    if not scope.components:
        return []
    there = {(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in _list(cluster, "Component", scope.namespaces)}
    return [(namespace, name) for namespace in scope.namespaces for name in scope.components if (namespace, name) not in there]


def _get(cluster: Cluster, kind: str, name: str, namespace: str | None, purpose: str) -> dict | None:
    try:
        return cluster.get(kind, name, namespace)
    except ApiError as error:
        raise _refused(error, f"get {kind} {name}", namespace, purpose) from error


def _list(cluster: Cluster, kind: str, namespaces: tuple[str, ...], selector: str | None = None) -> list[dict]:
    options = {"label_selector": selector} if selector else {}
    try:
        return [obj for namespace in namespaces or (None,) for obj in cluster.list(kind, namespace, **options)]
    except ApiError as error:
        raise _refused(error, f"list {kind} objects", ", ".join(namespaces), PURPOSES.get(kind, "to find the applications that ask for Dapr")) from error


PURPOSES = {
    "EndpointSlice": "to see whether the injector can be reached",
    "Component": "to see whether the components exist",
    "Pod": "to find the pods that ask for a sidecar",
}


def _refused(error: ApiError, what: str, namespace: str | None, purpose: str) -> Exception:
    if error.status != 403:
        return error
    where = f"in namespace {namespace}" if namespace else "in the whole cluster"
    return RunbookError(f"Not allowed to {what} {where}, which is needed {purpose}. Grant it (docs/rights/dapr_recovery.yml).")
