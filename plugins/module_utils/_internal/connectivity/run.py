# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs connectivity_probe: observe the pods, publish an event if requested, and report."""

from __future__ import annotations

from ..clients.cluster.client import Cluster
from ..errors import RunbookError
from .container import Container
from .model import HttpRequest, HttpResponse
from .network.report import connection_data, node_data
from .observe import ProbedNetwork, ProbedPod, ProbedSidecar, observe
from .options import ProbeOptions, PublishOptions
from .publish import may_be_published, publish_obstacle, publish_problem, publish_request


def run(cluster: Cluster, options: ProbeOptions, check_mode: bool) -> dict:
    """The module's result. Raises RunbookError for options that cannot be met, and for containers without a usable program."""
    probed = observe(cluster, options)
    sidecars = [pod.dapr for pod in probed if pod.dapr]
    published = _publish(options.publish, sidecars, check_mode) if options.publish else {"changed": False, "problem": ""}
    found = [*(problem for pod in probed for problem in _problems(pod)), published.pop("problem")]
    problems = [problem for problem in found if problem]
    notes = [verdict.note for pod in probed if pod.network for _connection, verdict in pod.network.verdicts if verdict.note]
    return {**published, "workloads": list(map(_as_data, probed)), "healthy": not problems, "problems": problems, "notes": notes}


def _problems(pod: ProbedPod) -> list[str]:
    network = [verdict.problem for _connection, verdict in pod.network.verdicts] if pod.network else []
    return [*network, *([pod.dapr.sidecar.problem] if pod.dapr else [])]


def _publish(publish: PublishOptions, probed: list[ProbedSidecar], check_mode: bool) -> dict:
    """Publishes from the first sidecar."""
    obstacle = publish_obstacle(publish, [one.sidecar for one in probed])
    if obstacle:
        return {"changed": False, "problem": obstacle}
    container, daprd = probed[0].container, probed[0].sidecar.daprd
    event = {"pubsub": publish.pubsub, "topic": publish.topic, "workload": daprd.target.workload_name}
    if check_mode:
        return {"changed": True, "problem": "", "would_publish": event}
    response = _send(container, publish_request(publish, daprd))
    return {
        "changed": may_be_published(response),
        "problem": publish_problem(publish, daprd.target, response),
        "published": {**event, "status": response.status},
    }


def _send(container: Container, event: HttpRequest) -> HttpResponse:
    try:
        return container.send([event])[0]
    except RunbookError as error:
        raise RunbookError(f"{error} The event may have been published.", **{**error.facts, "changed": True}) from error


def _as_data(pod: ProbedPod) -> dict:
    target, network, dapr = pod.target, pod.network, pod.dapr
    return {
        "kind": target.workload.kind, "name": target.workload.name, "pod": target.pod, "container": target.container,
        "program": network.probe.program if network else dapr.container.program if dapr else "",
        "dapr": dapr.sidecar.to_dict() if dapr else None, **_network_data(network),
    }  # fmt: skip


def _network_data(network: ProbedNetwork | None) -> dict:
    if network is None:
        return {"node": None, "connections": []}
    return {"node": node_data(network.probe), "connections": [connection_data(*pair) for pair in network.verdicts]}
