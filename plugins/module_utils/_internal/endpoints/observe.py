# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes Services, their endpoints and pods: one list per kind, and connections to the ports that have an endpoint."""

from __future__ import annotations

import difflib
from dataclasses import replace

from ..causes.container_issue import issue_start_times
from ..clients.cluster.access import FORBIDDEN, needs
from ..clients.cluster.client import METADATA_LIST, Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.kinds import path_of
from ..errors import RunbookError
from ..workloads.model import WORKLOAD_KINDS, Observation, Workload
from .answers import ask
from .model import NO_ENDPOINTS, Observed, ServiceStatus
from .options import EndpointsOptions
from .pods import selected_pods
from .problems import answer_problems, status_of

PURPOSES = {"Service": "to find the Services", "EndpointSlice": "to find their endpoints", "Pod": "to find the pods that they select"}
TO_EXPLAIN = "to explain why a Service has no ready endpoint"
EXPLAINING_KINDS = ("Event", *WORKLOAD_KINDS, "ReplicaSet")


def observe(cluster: Cluster, options: EndpointsOptions) -> list[ServiceStatus]:
    """The status of the Services. Raises RunbookError for one that does not exist, and for a missing permission."""
    services, slices, pods = (_list(cluster, kind, options.namespace, purpose) for kind, purpose in PURPOSES.items())
    chosen = _chosen(services, options)
    observation = Observation(options.namespace, (), cluster.now(), {"Pod": _by_uid(pods)})
    observed = Observed(services, slices, observation, cluster.now())
    statuses = [status_of(service, observed) for service in chosen]
    if any(status.state == NO_ENDPOINTS for status in statuses):
        observed = _with_explanations(cluster, observed, chosen)
        statuses = [status_of(service, observed) for service in chosen]
    return _with_answers(cluster, statuses, observed, options) if options.probe else statuses


def _chosen(services: list[dict], options: EndpointsOptions) -> list[dict]:
    by_name = {service["metadata"]["name"]: service for service in services}
    for name in options.services:
        if name not in by_name:
            raise RunbookError(f"services: {name} does not exist in namespace {options.namespace}. {_existing(name, sorted(by_name))}")
    return [by_name[name] for name in options.services or sorted(by_name)]


def _existing(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    listed = f"Existing: {', '.join(known)}." if known else "The namespace has no Service."
    return f"{f'Did you mean {near[0]}? ' if near else ''}{listed} Correct the name, or the namespace."


def _with_explanations(cluster: Cluster, observed: Observed, services: list[dict]) -> Observed:
    """The same with the events and controllers of the pods, and if a selector matches none, with the pods of other namespaces."""
    observation, namespace = observed.observation, observed.observation.namespace
    objects = {kind: _by_uid(_list(cluster, kind, namespace, TO_EXPLAIN)) for kind in EXPLAINING_KINDS}
    workloads = tuple(Workload(kind, obj["metadata"]["name"]) for kind in WORKLOAD_KINDS for obj in objects[kind].values())
    observation = replace(observation, workloads=workloads, objects={**observation.objects, **objects})
    observation.issue_start_times = issue_start_times(observation.of("Pod"), _events_by_pod(observation), {}, observed.now)
    complete = replace(observed, observation=observation)
    unmatched = [one for one in services if (selector := one["spec"].get("selector")) and not selected_pods(complete, selector)]
    return replace(complete, elsewhere=_pods_elsewhere(cluster, namespace)) if unmatched else complete


def _events_by_pod(observation: Observation) -> dict[str, list[dict]]:
    events: dict[str, list[dict]] = {}
    for event in observation.of("Event"):
        events.setdefault(event["involvedObject"].get("uid"), []).append(event)
    return events


def _pods_elsewhere(cluster: Cluster, namespace: str) -> list[dict] | None:
    """The metadata of the pods of other namespaces, None if they may not be listed."""
    try:
        items = cluster.json("GET", path_of("Pod"), header_params={"Accept": METADATA_LIST})["items"]
    except ApiError as error:
        if error.status != FORBIDDEN:
            raise
        return None
    return [item["metadata"] for item in items if item["metadata"]["namespace"] != namespace]


def _with_answers(cluster: Cluster, statuses: list[ServiceStatus], observed: Observed, options: EndpointsOptions) -> list[ServiceStatus]:
    pods = {status.name: selected_pods(observed, status.selector) for status in statuses}
    answers = ask(cluster, statuses, pods, options)
    return [
        replace(status, answers=answers[status.name], problems=(
            *status.problems, *answer_problems(status, answers[status.name], pods[status.name], options.node_address)
        ))
        for status in statuses
    ]


def _list(cluster: Cluster, kind: str, namespace: str, purpose: str) -> list[dict]:
    what = f"list {path_of(kind).rpartition('/')[2]}"
    with needs(what, namespace, purpose, missing=[f"{what} in namespace {namespace}"]):
        return cluster.list(kind, namespace)


def _by_uid(items: list[dict]) -> dict[str, dict]:
    return {item["metadata"]["uid"]: item for item in items}
