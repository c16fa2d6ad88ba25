# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a probe event may be published, how, and what became of it. Pure."""

from __future__ import annotations

import json
import re
import uuid
from urllib.parse import quote

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr import HOST, TOKEN, Sidecar
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr_pod import Daprd
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import BROKEN, TIMED_OUT, Answer, Request, Target
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

LIFETIME = 60  # seconds after which a sidecar drops an event that nobody has taken
WILDCARDS = re.compile(r"[*#+>]")
STEPS = {
    400: "The component is not there for this app; see its scopes.",
    401: "Give the container the variable DAPR_API_TOKEN.",
    403: "Allow the topic for this app in the component's publishingScopes or allowedTopics.",
    404: "The component is not there for this app; see its scopes.",
}
STEP = "See whether the component's broker runs, and what the log of daprd says."


def hindrance(publish: dict, sidecars: list[Sidecar]) -> str:
    """Why the first of the sidecars can't be used to publish for now, "" where it can.

    A sidecar that has not told its subscriptions may get a consumer that would take the event. Raises RunbookError where the options
    name a component that is not there, or a topic that has a consumer.
    """
    publisher = sidecars[0]
    asked = [publisher] if publish["to_consumers"] else sidecars
    unknown = [one for one in asked if not (one.known and one.health.is_good)]
    if unknown:
        return (
            f"Nothing was published: it is not known what {unknown[0].daprd.target.where} is subscribed to, as its sidecar is not healthy, "
            "or does not tell its metadata. Mend that first, or leave that workload out."
        )
    _require_component(publish["pubsub"], publisher)
    if not publish["to_consumers"]:
        _require_nobody(publish["topic"], sidecars)
    return ""


def request(publish: dict, daprd: Daprd) -> Request:
    """The event. Its data are the option's, or a mark with a random ID."""
    data = publish["data"] if publish["data"] is not None else {"probe": True, "id": uuid.uuid4().hex}
    path = f"/v1.0/publish/{quote(publish['pubsub'], safe='')}/{quote(publish['topic'])}?metadata.ttlInSeconds={LIFETIME}"
    return Request("POST", HOST, daprd.http_port, path, json.dumps(data), TOKEN)


def may_be_out(answer: Answer) -> bool:
    """Whether the event may have gone out: where daprd took the request and no answer came, it may."""
    return answer.is_good or answer.failure in (TIMED_OUT, BROKEN)


def problem_of(publish: dict, target: Target, answer: Answer) -> str:
    """What became of it as a sentence, "" where the broker has it."""
    if answer.is_good:
        return ""
    what = f"Publishing to topic {publish['topic']} of {publish['pubsub']} from {target.where}"
    if answer.status is None:
        return f"{what} was not answered ({answer.detail}){'; the event may be out' if may_be_out(answer) else ''}. {STEP}"
    said = " ".join(answer.body.split())[:300]
    return f"{what} failed with HTTP status {answer.status}{f' ({said})' if said else ''}. {STEPS.get(answer.status, STEP)}"


def _require_component(pubsub: str, publisher: Sidecar) -> None:
    there = [one["name"] for one in publisher.components if one["type"].startswith("pubsub.")]
    if pubsub not in there:
        raise RunbookError(
            f"publish.pubsub: the sidecar in {publisher.daprd.target.where} has no pub/sub component {pubsub}. It has {', '.join(there) or 'none'}. "
            "Name one of these, or apply the component with scopes that include the app and restart the workload."
        )


def _require_nobody(topic: str, sidecars: list[Sidecar]) -> None:
    for sidecar in sidecars:
        for one in sidecar.subscriptions:
            if _takes(one["topic"], topic):
                raise RunbookError(
                    f"publish.topic: {sidecar.daprd.target.workload} is subscribed to topic {one['topic']} of {one['pubsub']}, so a real "
                    "consumer would act on the event. Name a topic that is for probes only, or set publish.to_consumers: true where that is wanted."
                )


def _takes(subscribed: str, topic: str) -> bool:
    """Whether a subscription may take an event of a topic. Brokers differ in wildcards, so a beginning in common is enough there."""
    literal = WILDCARDS.split(subscribed, maxsplit=1)[0]
    return topic == subscribed or (literal != subscribed and topic.startswith(literal))
