# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes all components of an application in parallel. A difference is whatever the component's own module would change.

This package orchestrates several capabilities (image, secrets, manifests, rollout, dapr, health), each by its own observe and plan. It is
the only one that imports other capabilities. It changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.engine.node import open_node
from ..clients.engine.profile import read_profile
from ..dapr.helm_release import latest_release
from ..errors import RunbookError
from ..health.observe import observe as observe_health
from ..health.options import HealthOptions
from ..image.build_context import read_sources
from ..image.observe import observe as observe_images
from ..image.options import ImageOptions
from ..image.plan import plan_all
from ..manifests.observe import observe as observe_objects
from ..manifests.options import ManifestsOptions
from ..rollout.manifests import with_images
from ..rollout.run import predict
from ..secrets.observe import observe as observe_secrets
from ..secrets.plan import UNCHANGED
from ..secrets.plan import make_plan as plan_secrets
from ..workloads.model import COMPLETE
from .diff import message_of
from .model import BASE_IMAGE, CLUSTER, HEALTH, IMAGE, OBJECT, RELEASE, SECRET, WORKLOAD, Drift, DriftResult
from .options import DriftOptions


@dataclass
class ImagesState:
    """The differences, the references for the manifests (by name), and the IDs of existing images (by reference).

    ``known`` is False where the images could not be observed; the components that depend on them are not compared then.
    """

    known: bool = True
    drift: list[Drift] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


def observe(options: DriftOptions, connect: Callable[[], Cluster], run_command: Callable, generate: Callable) -> DriftResult:
    """Observes all components in parallel. A component that cannot be observed is a difference too."""
    checks: list[dict] = []
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        images = pool.submit(_images, options, run_command)
        try:
            cluster = connect()
        except RunbookError as error:
            return DriftResult([Drift(CLUSTER, "", str(error))])
        components = {
            CLUSTER: pool.submit(_node, cluster, options),
            RELEASE: pool.submit(_releases, cluster, options),
            IMAGE: pool.submit(lambda: images.result().drift),
            SECRET: pool.submit(_secrets, cluster, options, generate),
            OBJECT: pool.submit(_objects, cluster, options, images),
            WORKLOAD: pool.submit(_workloads, cluster, options, images),
            HEALTH: pool.submit(_health, cluster, options, checks),
        }
        return DriftResult([drift for component, future in components.items() for drift in _drift_of(component, future)], checks)


def _drift_of(component: str, future: Future) -> list[Drift]:
    try:
        return future.result()
    except RunbookError as error:
        return [Drift(component, "", str(error))]


def _node(cluster: Cluster, options: DriftOptions) -> list[Drift]:
    """The application was configured with URLs that contain the address."""
    if not options.node_address:
        return []
    addresses = [item["address"] for node in cluster.list("Node") for item in node["status"].get("addresses") or []]
    if options.node_address in addresses:
        return []
    return [Drift(CLUSTER, "", f"no node has the address {options.node_address}; found: {', '.join(addresses)}")]


def _releases(cluster: Cluster, options: DriftOptions) -> list[Drift]:
    drift = []
    for expected in options.releases:
        release = latest_release(cluster, expected.name, expected.namespace)
        if release.status != "deployed":
            drift.append(Drift(RELEASE, expected.name, f"is {release.status or 'not installed'}"))
        elif release.values != expected.values:
            drift.append(Drift(RELEASE, expected.name, "was installed with other values"))
    return drift


def _images(options: DriftOptions, run_command: Callable) -> ImagesState:
    if not options.images:
        return ImagesState()
    try:
        return _planned_images(options.images, run_command)
    except RunbookError as error:
        return ImagesState(known=False, drift=[Drift(IMAGE, "", str(error))])


def _planned_images(options: ImageOptions, run_command: Callable) -> ImagesState:
    sources = read_sources(options.images)
    node = open_node(read_profile(options.profile, options.minikube_home), options.minikube, run_command)
    plans = plan_all(observe_images(node, sources))
    base_images = dict.fromkeys(base for plan in plans for base in plan.missing)
    return ImagesState(
        drift=[Drift(BASE_IMAGE, base, "is missing in the engine that builds") for base in base_images]
        + [Drift(IMAGE, plan.name, plan.reason) for plan in plans if plan.action != "reused"],
        references={plan.name: plan.reference for plan in plans if plan.reference},
        ids={plan.reference: plan.existing_id for plan in plans if plan.action == "reused" and plan.reference},
    )


def _secrets(cluster: Cluster, options: DriftOptions, generate: Callable) -> list[Drift]:
    if not options.secrets:
        return []
    stored = observe_secrets(cluster, options.namespace, {ref.secret for ref in options.secrets})
    keys = plan_secrets(stored, options.secrets, generate).keys
    return [Drift(SECRET, str(ref), f"would be {action}") for ref, action in keys.items() if action != UNCHANGED]


def _objects(cluster: Cluster, options: DriftOptions, images: Future) -> list[Drift]:
    if not images.result().known:
        return []
    objects = with_images(options.objects, images.result().references)
    runs = observe_objects(cluster, ManifestsOptions(objects, options.field_manager, options.force_conflicts))
    drift = [Drift(OBJECT, f"{run.requested['kind']} {run.requested['metadata']['name']}", message_of(run)) for run in runs]
    return [one for one in drift if one.message]


def _workloads(cluster: Cluster, options: DriftOptions, images: Future) -> list[Drift]:
    if not images.result().known:
        return []
    drift = []
    for rollout in options.rollouts:
        ids = images.result().ids if rollout.restart == "if_stale" else {}
        result = predict(cluster, replace(rollout, image_ids={**ids, **rollout.image_ids}))
        drift += [Drift(WORKLOAD, f"{change['kind']} {change['name']}", change["message"]) for change in result["changes"]]
        incomplete = [workload for workload in result["workloads"] if workload["state"] != COMPLETE]
        drift += [Drift(WORKLOAD, f"{item['kind']} {item['name']}", "; ".join(item["missing"]) or item["state"]) for item in incomplete]
    return drift


def _health(cluster: Cluster, options: DriftOptions, checks: list[dict]) -> list[Drift]:
    if not options.checks:
        return []
    checks += observe_health(cluster, HealthOptions(options.namespace, options.node_address, options.checks))
    return [Drift(HEALTH, check["name"], f"{check['url']} {check['problem']}") for check in checks if not check["healthy"]]
