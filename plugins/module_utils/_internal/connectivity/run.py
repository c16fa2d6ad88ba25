# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs connectivity_probe: observe the sidecars, publish an event if requested, and report."""

from __future__ import annotations

from ..clients.cluster.client import Cluster
from ..errors import RunbookError
from .container import Container
from .model import HttpRequest, HttpResponse
from .observe import ProbedSidecar, observe
from .options import ProbeOptions, PublishOptions
from .publish import may_be_published, publish_obstacle, publish_problem, publish_request


def run(cluster: Cluster, options: ProbeOptions, check_mode: bool) -> dict:
    """The module's result. Raises RunbookError for options that cannot be met, and for containers from which no request can be sent."""
    probed = observe(cluster, options)
    published = _publish(options.publish, probed, check_mode) if options.publish else {"changed": False, "problem": ""}
    problems = [problem for problem in [*(one.sidecar.problem for one in probed), published.pop("problem")] if problem]
    return {**published, "workloads": list(map(_as_data, probed)), "healthy": not problems, "problems": problems}


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


def _as_data(probed: ProbedSidecar) -> dict:
    target = probed.container.target
    return {
        "kind": target.workload.kind, "name": target.workload.name, "pod": target.pod, "container": target.container,
        "program": probed.container.program, "dapr": probed.sidecar.to_dict(),
    }  # fmt: skip
