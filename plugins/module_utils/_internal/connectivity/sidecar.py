# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of a Dapr sidecar: the requests to it, and what its answers mean. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from .daprd import Daprd
from .model import HttpRequest, HttpResponse, ProbeTarget
from .sidecar_problems import health_problem

HOST = "127.0.0.1"
TOKEN = {"dapr-api-token": "DAPR_API_TOKEN"}
PATHS = ("/v1.0/healthz", "/v1.0/healthz/outbound", "/v1.0/metadata")
BODY_LIMIT = 500  # characters that are returned


@dataclass(frozen=True)
class Sidecar:
    """The observed state of a daprd. ``problem`` is a sentence, "" if it is healthy; ``has_metadata``: whether its metadata could be read."""

    daprd: Daprd
    health: HttpResponse
    outbound: HttpResponse
    problem: str
    has_metadata: bool = False
    metadata: dict = field(default_factory=dict)

    @property
    def components(self) -> list[dict]:
        """{name, type, version, capabilities} of the loaded components."""
        return [_component(item) for item in self.metadata.get("components") or []]

    @property
    def subscriptions(self) -> list[dict]:
        """{pubsub, topic, paths} of the application's subscriptions."""
        return [_subscription(item) for item in self.metadata.get("subscriptions") or []]

    def to_dict(self) -> dict:
        """For the module's result."""
        connection, actors = self.metadata.get("appConnectionProperties") or {}, self.metadata.get("actorRuntime") or {}
        return {
            "http_port": self.daprd.http_port,
            "healthy": not self.problem,
            "health": {"status": self.health.status, "body": self.health.body[:BODY_LIMIT]},
            "outbound": {"status": self.outbound.status},
            "app_id": self.metadata.get("id") or "",
            "version": self.metadata.get("runtimeVersion") or "",
            "components": self.components,
            "subscriptions": self.subscriptions,
            "app": {"port": connection.get("port"), "protocol": connection.get("protocol") or ""},
            "actors": {"status": actors.get("runtimeStatus") or "", "types": _actor_types(self.metadata)},
            "problem": self.problem,
        }


def sidecar_requests(daprd: Daprd) -> list[HttpRequest]:
    """The requests to a sidecar; none of them changes anything."""
    return [HttpRequest("GET", HOST, daprd.http_port, path, secret_headers=TOKEN) for path in PATHS]


def sidecar_of(daprd: Daprd, responses: list[HttpResponse]) -> Sidecar:
    """The state of a sidecar from its responses to these requests."""
    health, outbound, answer = responses
    metadata = _metadata(answer)
    problem = health_problem(daprd, health, outbound)
    if metadata is None:
        return Sidecar(daprd, health, outbound, problem or _unreadable_metadata(daprd.target, answer))
    return Sidecar(daprd, health, outbound, problem or _missing_component(daprd, metadata), True, metadata)


def _metadata(response: HttpResponse) -> dict | None:
    try:
        metadata = json.loads(response.body) if response.is_success else None
    except ValueError:
        return None
    return metadata if isinstance(metadata, dict) else None


def _missing_component(daprd: Daprd, metadata: dict) -> str:
    loaded = {_component(item)["name"] for item in metadata.get("components") or []}
    for subscription in map(_subscription, metadata.get("subscriptions") or []):
        if subscription["pubsub"] not in loaded:
            return (
                f"Dapr in {daprd.target.description}: the application is subscribed to topic {subscription['topic']} of component "
                f"{subscription['pubsub']}, which is missing: the sidecar has loaded {', '.join(sorted(loaded)) or 'no component'}. Apply the "
                f"component, check that its scopes include the app ID {metadata.get('id') or '(none)'}, and restart the workload."
            )
    return ""


def _unreadable_metadata(target: ProbeTarget, response: HttpResponse) -> str:
    where = f"Dapr in {target.description} is healthy, but its metadata cannot be read"
    if response.status == 401:
        return (
            f"{where}: it requires an API token (401). Set the variable DAPR_API_TOKEN of container {target.container} "
            "from the Secret that the annotation dapr.io/api-token-secret names; sending it takes python, node or curl."
        )
    reason = f"HTTP status {response.status}" if response.status is not None else f"{response.failure.replace('_', ' ')}: {response.detail}"
    return f"{where} ({reason}). See its log: kubectl logs -n {target.namespace} {target.pod} -c daprd"


def _component(item: dict) -> dict:
    return {
        "name": item.get("name") or "", "type": item.get("type") or "", "version": item.get("version") or "",
        "capabilities": item.get("capabilities") or [],
    }  # fmt: skip


def _subscription(item: dict) -> dict:
    rules = item.get("rules") or []
    rules = rules.get("rules") or [] if isinstance(rules, dict) else rules  # some versions nest them
    return {"pubsub": item.get("pubsubname") or "", "topic": item.get("topic") or "", "paths": [rule.get("path") or "" for rule in rules]}


def _actor_types(metadata: dict) -> list[str]:
    active = (metadata.get("actorRuntime") or {}).get("activeActors") or metadata.get("actors") or []
    return sorted({item.get("type") or "" for item in active})
