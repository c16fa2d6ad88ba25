# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a probe event may be published, its request, and its outcome. Pure."""

from __future__ import annotations

import json
import re
import uuid
from urllib.parse import quote

from ..errors import RunbookError
from .daprd import Daprd
from .model import BROKEN, TIMED_OUT, HttpRequest, HttpResponse, ProbeTarget
from .options import PublishOptions
from .sidecar import HOST, TOKEN, Sidecar

TIME_TO_LIVE = 60  # seconds after which a sidecar drops an event that was not consumed
WILDCARDS = re.compile(r"[*#+>]")
NEXT_STEPS = {
    400: "The component does not exist for this app; check its scopes.",
    401: "Set the variable DAPR_API_TOKEN of the container.",
    403: "Allow the topic for this app in the component's publishingScopes or allowedTopics.",
    404: "The component does not exist for this app; check its scopes.",
}
NEXT_STEP = "Check that the component's broker is running, and see the log of daprd."


def publish_obstacle(publish: PublishOptions, sidecars: list[Sidecar]) -> str:
    """Why the first of the sidecars cannot publish now, "" if it can.

    A sidecar with unknown subscriptions may have a subscriber that would consume the event. Raises RunbookError if the options
    name a component that does not exist, or a topic that has a subscriber.
    """
    publisher = sidecars[0]
    relevant = [publisher] if publish.allow_subscribed else sidecars
    unknown = [sidecar for sidecar in relevant if not (sidecar.has_metadata and sidecar.health.is_success)]
    if unknown:
        return (
            f"Nothing was published: the subscriptions of {unknown[0].daprd.target.description} are unknown, as its sidecar is not healthy, "
            "or its metadata cannot be read. Fix that first, or omit that workload."
        )
    _require_component(publish.pubsub, publisher)
    if not publish.allow_subscribed:
        _require_no_subscriber(publish.topic, sidecars)
    return ""


def publish_request(publish: PublishOptions, daprd: Daprd) -> HttpRequest:
    """The event, with the option's data or a random ID."""
    data = publish.data if publish.data is not None else {"probe": True, "id": uuid.uuid4().hex}
    path = f"/v1.0/publish/{quote(publish.pubsub, safe='')}/{quote(publish.topic)}?metadata.ttlInSeconds={TIME_TO_LIVE}"
    return HttpRequest("POST", HOST, daprd.http_port, path, json.dumps(data), TOKEN)


def may_be_published(response: HttpResponse) -> bool:
    """Whether the event may have been published, also by a request that daprd accepted and did not answer."""
    return response.is_success or response.failure in (TIMED_OUT, BROKEN)


def publish_problem(publish: PublishOptions, target: ProbeTarget, response: HttpResponse) -> str:
    """The outcome as a sentence, "" if the broker accepted the event."""
    if response.is_success:
        return ""
    what = f"Publishing to topic {publish.topic} of {publish.pubsub} from {target.description}"
    if response.status is None:
        return f"{what} got no response ({response.detail}){'; the event may have been published' if may_be_published(response) else ''}. {NEXT_STEP}"
    body = " ".join(response.body.split())[:300]
    return f"{what} failed with HTTP status {response.status}{f' ({body})' if body else ''}. {NEXT_STEPS.get(response.status, NEXT_STEP)}"


def _require_component(pubsub: str, publisher: Sidecar) -> None:
    loaded = [component["name"] for component in publisher.components if component["type"].startswith("pubsub.")]
    if pubsub not in loaded:
        raise RunbookError(
            f"publish.pubsub: the sidecar in {publisher.daprd.target.description} has no pub/sub component {pubsub}. It has {', '.join(loaded) or 'none'}. "
            "Name one of these, or apply the component with scopes that include the app and restart the workload."
        )


def _require_no_subscriber(topic: str, sidecars: list[Sidecar]) -> None:
    for sidecar in sidecars:
        for subscription in sidecar.subscriptions:
            if _may_match(subscription["topic"], topic):
                raise RunbookError(
                    f"publish.topic: {sidecar.daprd.target.workload_name} is subscribed to topic {subscription['topic']} of {subscription['pubsub']}, "
                    "so a real consumer would process the event. Name a topic that is used for probes only, or set publish.allow_subscribed: true to allow it."
                )


def _may_match(subscribed: str, topic: str) -> bool:
    """Whether a subscription may receive an event of a topic. Brokers differ in wildcards, so a common prefix is enough for those."""
    literal = WILDCARDS.split(subscribed, maxsplit=1)[0]
    return topic == subscribed or (literal != subscribed and topic.startswith(literal))
