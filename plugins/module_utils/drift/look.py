# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at all parts of an application at once. What a part's own module would change is a difference; nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.observe import release_of
from ansible_collections.runbook.minikube.plugins.module_utils.drift import objects
from ansible_collections.runbook.minikube.plugins.module_utils.drift.model import Drift
from ansible_collections.runbook.minikube.plugins.module_utils.engine.node import open_node
from ansible_collections.runbook.minikube.plugins.module_utils.engine.profile import read_profile
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.health.addresses import checks_with_urls
from ansible_collections.runbook.minikube.plugins.module_utils.health.ask import ask_all
from ansible_collections.runbook.minikube.plugins.module_utils.image.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.image.plan import plan_all
from ansible_collections.runbook.minikube.plugins.module_utils.image.request import requests_of
from ansible_collections.runbook.minikube.plugins.module_utils.image.source import read_sources
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.observe import observe as try_objects
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.manifests import with_images
from ansible_collections.runbook.minikube.plugins.module_utils.rollout.run import predict
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.observe import observe as read_secrets
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.plan import KEPT
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.plan import make_plan as plan_secrets
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import COMPLETE

AT_ONCE = 8  # requests to the API server at the same time


@dataclass
class Expectation:
    """What shall be. Each part holds the checked options of the module that would bring it about."""

    namespace: str
    node_address: str = ""
    images: dict | None = None
    secrets: dict = field(default_factory=dict, repr=False)  # secret_sources.Ref: Source
    objects: list[dict] = field(default_factory=list)
    field_manager: str = "runbook-deploy"
    force_conflicts: bool = False
    rollouts: list[dict] = field(default_factory=list)
    releases: list[dict] = field(default_factory=list)
    checks: list[dict] = field(default_factory=list)


@dataclass
class Findings:
    """Every difference between an application and what is expected of it, and what its health URLs answered (see health.ask)."""

    drift: list[Drift]
    answers: list[dict] = field(default_factory=list)


@dataclass
class Images:
    """The differences, the references that manifests shall name (by name), and the IDs of images that are in place (by reference).

    ``known`` is False where the images can't be looked at: what depends on them is not judged then.
    """

    known: bool = True
    drift: list[Drift] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


def look(expected: Expectation, connect: Callable[[], Cluster], run_command: Callable, generate: Callable) -> Findings:
    """Looks at all parts at once. What can't be looked at is a difference too."""
    answers: list[dict] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        images = pool.submit(_images, expected, run_command)
        try:
            cluster = connect()
        except RunbookError as error:
            return Findings([Drift("cluster", "", str(error))])
        parts = {
            "cluster": pool.submit(_node, cluster, expected),
            "release": pool.submit(_releases, cluster, expected),
            "image": pool.submit(lambda: images.result().drift),
            "secret": pool.submit(_secrets, cluster, expected, generate),
            "object": pool.submit(_objects, cluster, expected, images),
            "workload": pool.submit(_workloads, cluster, expected, images),
            "health": pool.submit(_health, cluster, expected, answers),
        }
        return Findings([drift for part, future in parts.items() for drift in _found(part, future)], answers)


def _found(part: str, future: Future) -> list[Drift]:
    try:
        return future.result()
    except RunbookError as error:
        return [Drift(part, "", str(error))]


def _node(cluster: Cluster, expected: Expectation) -> list[Drift]:
    """The address stands in URLs that the application was configured with."""
    if not expected.node_address:
        return []
    addresses = [item["address"] for node in cluster.list("Node") for item in node["status"].get("addresses") or []]
    found = expected.node_address in addresses
    return [] if found else [Drift("cluster", "", f"no node has the address {expected.node_address}; there: {', '.join(addresses)}")]


def _releases(cluster: Cluster, expected: Expectation) -> list[Drift]:
    found = []
    for wanted in expected.releases:
        release = release_of(cluster, wanted["name"], wanted["namespace"])
        if release.status != "deployed":
            found.append(Drift("release", wanted["name"], f"is {release.status or 'not installed'}"))
        elif release.values != wanted["values"]:
            found.append(Drift("release", wanted["name"], "was installed with other values"))
    return found


def _images(expected: Expectation, run_command: Callable) -> Images:
    if not expected.images:
        return Images()
    try:
        return _planned_images(expected.images, run_command)
    except RunbookError as error:
        return Images(known=False, drift=[Drift("image", "", str(error))])


def _planned_images(wanted: dict, run_command: Callable) -> Images:
    sources = read_sources(requests_of(wanted["images"], wanted["tag_strategy"]))
    node = open_node(read_profile(wanted["profile"], wanted["minikube_home"]), wanted["minikube"], run_command)
    plans = plan_all(observe(node, sources))
    bases = dict.fromkeys(base for plan in plans for base in plan.missing)
    return Images(
        drift=[Drift("base_image", base, "is not in the engine that builds") for base in bases]
        + [Drift("image", plan.name, plan.reason) for plan in plans if plan.action != "reused"],
        references={plan.name: plan.reference for plan in plans if plan.reference},
        ids={plan.reference: plan.present.id for plan in plans if plan.action == "reused"},
    )


def _secrets(cluster: Cluster, expected: Expectation, generate: Callable) -> list[Drift]:
    if not expected.secrets:
        return []
    stored = read_secrets(cluster, expected.namespace, {ref.secret for ref in expected.secrets})
    keys = plan_secrets(stored, expected.secrets, generate).keys
    return [Drift("secret", str(ref), f"would be {action}") for ref, action in keys.items() if action != KEPT]


def _objects(cluster: Cluster, expected: Expectation, images: Future) -> list[Drift]:
    if not images.result().known:
        return []
    wanted = with_images(expected.objects, images.result().references)
    trials = try_objects(cluster, wanted, expected.field_manager, expected.force_conflicts, AT_ONCE)
    found = [Drift("object", f"{trial.given['kind']} {trial.given['metadata']['name']}", objects.says(trial)) for trial in trials]
    return [drift for drift in found if drift.says]


def _workloads(cluster: Cluster, expected: Expectation, images: Future) -> list[Drift]:
    if not images.result().known:
        return []
    found = []
    for options in expected.rollouts:
        ids = images.result().ids if options["restart"] == "if_stale" else {}
        result = predict(cluster, {**options, "image_ids": {**ids, **options["image_ids"]}})
        found += [Drift("workload", f"{change['kind']} {change['name']}", change["says"]) for change in result["changes"]]
        unready = [workload for workload in result["workloads"] if workload["state"] != COMPLETE]
        found += [Drift("workload", f"{item['kind']} {item['name']}", "; ".join(item["missing"]) or item["state"]) for item in unready]
    return found


def _health(cluster: Cluster, expected: Expectation, answers: list[dict]) -> list[Drift]:
    if not expected.checks:
        return []
    checks = checks_with_urls(expected.checks, cluster.list("Service", expected.namespace), expected.node_address)
    answers += ask_all(checks, 0)
    return [Drift("health", answer["name"], f"{answer['url']} {answer['problem']}") for answer in answers if not answer["healthy"]]
