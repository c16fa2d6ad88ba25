# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes Dapr: its control plane, its trust bundle and webhook, and every pod that is annotated for a sidecar.

A healthy Dapr costs one list or get for each kind. What explains or repairs a failure is read only when there is one.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from ..clients.cluster.access import FORBIDDEN
from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.errors import ApiError
from ..errors import RunbookError
from ..workloads.daprd import DAPRD, daprd_of
from ..workloads.model import WORKLOAD_KINDS, RolloutStatus
from ..workloads.observe import WorkloadWatcher
from .access import get, list_all
from .certificates import bundle_times
from .components import SENTRY, TRUST_BUNDLE, WEBHOOK
from .helm_release import helm_secrets
from .injection import prove
from .injector import InjectorState, observe_injector
from .model import ComponentState, DaprState, ReleaseState
from .observe_control_plane import LOG_LINES, component_states, wait_for_control_plane
from .observe_lower_layers import needs_explanation, with_lower_layers
from .observe_release import observe_release
from .observe_workloads import creation_failures
from .options import RecoveryOptions
from .probe import probe_health
from .release_diff import TEMPLATE_KINDS
from .sidecars import SidecarProblem, find_problem, is_crashing, is_running, is_starting, needs_probe, pods_with_dapr
from .trust_bundle import TrustBundle

POLL_INTERVAL = 1  # seconds, while pods start


@dataclass(frozen=True)
class ControlPlaneState:
    """``bundle_changed``: when the trust bundle was last written."""

    injector: InjectorState
    components: dict[str, ComponentState]
    bundle_changed: datetime | None

    @property
    def is_healthy(self) -> bool:
        """Whether pods that are starting get ready without help."""
        existing = [state for state in self.components.values() if state.obj]
        sound = all(state.is_complete and state.replicas and not state.old_certificate and not state.wrong_anchors for state in existing)
        return sound and not self.injector.problem


def observe(cluster: Cluster, options: RecoveryOptions) -> DaprState:
    """Everything, at one moment. Raises RunbookError if Dapr does not exist or for a missing permission."""
    watcher, status = wait_for_control_plane(cluster, options.namespace, options.startup_timeout)
    _require_dapr(cluster, options, status)
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        secrets = pool.submit(_secrets, cluster, options)
        observing = pool.submit(_control_plane, cluster, options, watcher, status, secrets)
        comparing = pool.submit(_release, cluster, options, watcher, secrets, observing)
        listing = pool.submit(_application_pods, cluster, options, observing)
        workloads = [(kind, obj) for kind in WORKLOAD_KINDS for obj in list_all(cluster, kind, options.app_namespaces)]
        control_plane, pods, release = observing.result(), listing.result(), comparing.result()
    _require_namespaces(cluster, options, [*pods, *(obj for _kind, obj in workloads)])
    injector, bundle = control_plane.injector, control_plane.injector.bundle
    state = DaprState(
        namespace=options.namespace, now=cluster.now(), components=control_plane.components, bundle=bundle,
        bundle_changed=control_plane.bundle_changed, webhook=injector.webhook, release=release,
        injected=sum(daprd_of(pod) is not None for pod in pods), pods=tuple(pods), workloads=tuple(workloads), secret=injector.secret,
        injection=prove(cluster, {pod["metadata"]["namespace"] for pod in pods}), creation_failures=creation_failures(cluster, workloads),
        sidecar_problems=tuple(_sidecar_problems(cluster, pods, bundle)), missing_components=tuple(_missing_components(cluster, options)),
    )
    return with_lower_layers(cluster, state) if needs_explanation(state) else state


def _secrets(cluster: Cluster, options: RecoveryOptions) -> list[dict] | None:
    """The Secrets of the control plane's namespace that are of Dapr's, None if they may not be listed."""
    try:
        listed = cluster.list("Secret", options.namespace)
    except ApiError as error:
        if error.status == FORBIDDEN:
            return None
        raise
    return [secret for secret in listed if secret["metadata"]["name"] == TRUST_BUNDLE] + helm_secrets(listed, options.release)


def _control_plane(
    cluster: Cluster, options: RecoveryOptions, watcher: WorkloadWatcher, status: RolloutStatus, secrets: Future[list[dict] | None],
) -> ControlPlaneState:
    injector = observe_injector(cluster, options.namespace, secrets.result())
    written = bundle_times(injector.secret, injector.configmap)
    return ControlPlaneState(injector, component_states(cluster, watcher, status, injector.bundle, written), written.changed)


def _release(
    cluster: Cluster, options: RecoveryOptions, watcher: WorkloadWatcher, secrets: Future[list[dict] | None], observing: Future[ControlPlaneState],
) -> ReleaseState:
    """The release, compared with what was read already and what only it needs."""
    listed = secrets.result()
    observed: dict[tuple[str, str], dict | None] = {(kind, obj["metadata"]["name"]): obj for kind in TEMPLATE_KINDS for obj in watcher.observation.of(kind)}
    observed["MutatingWebhookConfiguration", WEBHOOK] = observing.result().injector.webhook
    return observe_release(cluster, None if listed is None else helm_secrets(listed, options.release), options.namespace, observed)


def _require_dapr(cluster: Cluster, options: RecoveryOptions, status: RolloutStatus) -> None:
    """Refuses a namespace without a control plane, and names the one that has it."""
    if status.workloads:
        return
    namespace = options.namespace
    elsewhere = sorted({obj["metadata"]["namespace"] for obj in list_all(cluster, "Deployment", ()) if obj["metadata"]["name"] == SENTRY.workload})
    if elsewhere:
        raise RunbookError(f"namespace: Dapr's control plane is not in {namespace}, but in {', '.join(elsewhere)}. Set namespace to that.")
    if cluster.get("Namespace", namespace) is None:
        raise RunbookError(f"namespace: namespace {namespace} does not exist, and no other has a control plane of Dapr. Install Dapr (role dapr).")
    raise RunbookError(f"namespace: no control plane of Dapr exists in {namespace}. Install Dapr (role dapr).")


def _require_namespaces(cluster: Cluster, options: RecoveryOptions, objects: list[dict]) -> None:
    """Refuses an application namespace that does not exist. One with objects does."""
    empty = set(options.app_namespaces) - {obj["metadata"]["namespace"] for obj in objects}
    for name in sorted(empty):
        if get(cluster, "Namespace", name, None, "to distinguish an empty namespace from a missing one") is None:
            raise RunbookError(f"app_namespaces: namespace {name} does not exist. See kubectl get namespaces.")


def _application_pods(cluster: Cluster, options: RecoveryOptions, observing: Future[ControlPlaneState]) -> list[dict]:
    """The pods that are annotated for Dapr; with a healthy control plane, once new ones have had the time to start."""
    until = time.monotonic() + options.startup_timeout
    while True:
        pods = pods_with_dapr(list_all(cluster, "Pod", options.app_namespaces))
        control_plane = observing.result()
        starting = control_plane.is_healthy and any(is_starting(pod, control_plane.injector.bundle, cluster.now()) for pod in pods)
        if not starting or time.monotonic() >= until:
            return pods
        time.sleep(POLL_INTERVAL)


def _sidecar_problems(cluster: Cluster, pods: list[dict], bundle: TrustBundle) -> list[SidecarProblem]:
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        probing = {pod["metadata"]["uid"]: pool.submit(probe_health, cluster, pod) for pod in pods if needs_probe(pod)}
        reading = {pod["metadata"]["uid"]: pool.submit(_crash_log, cluster, pod) for pod in pods if is_crashing(pod)}
        results = {uid: future.result() for uid, future in probing.items()}
        logs = {uid: future.result() for uid, future in reading.items()}
    uids = [(pod, pod["metadata"]["uid"]) for pod in pods]
    return [problem for pod, uid in uids if (problem := find_problem(pod, bundle, cluster.now(), results.get(uid), logs.get(uid, "")))]


def _crash_log(cluster: Cluster, pod: dict) -> str:
    """The end of the log of daprd's last crash. The kubelet keeps one ended container: if none runs now, it is not the previous one."""
    where = (pod["metadata"]["name"], pod["metadata"]["namespace"], DAPRD)
    restarted = is_running(pod)
    return cluster.logs(*where, lines=LOG_LINES, previous=restarted) or cluster.logs(*where, lines=LOG_LINES, previous=not restarted)


def _missing_components(cluster: Cluster, options: RecoveryOptions) -> list[tuple[str, str]]:
    if not options.components:
        return []
    existing = {(obj["metadata"]["namespace"], obj["metadata"]["name"]) for obj in list_all(cluster, "Component", options.app_namespaces)}
    return [(namespace, name) for namespace in options.app_namespaces for name in options.components if (namespace, name) not in existing]
