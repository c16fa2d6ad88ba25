# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of Dapr: what is asked of a sidecar, what its metadata tell, and what is wrong. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr_pod import Daprd
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr_problems import problem_of_health
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import Answer, Request, Target

HOST = "127.0.0.1"
TOKEN = {"dapr-api-token": "DAPR_API_TOKEN"}
READS = ("/v1.0/healthz", "/v1.0/healthz/outbound", "/v1.0/metadata")
BODY_SHOWN = 500  # characters


@dataclass(frozen=True)
class Sidecar:
    """What was seen of a daprd. ``problem`` is a sentence, "" where all is well; ``known``: whether its metadata could be read."""

    daprd: Daprd
    health: Answer
    outbound: Answer
    problem: str
    known: bool = False
    metadata: dict = field(default_factory=dict)

    @property
    def components(self) -> list[dict]:
        """{name, type, version, capabilities} of what it has loaded."""
        return [_component(one) for one in self.metadata.get("components") or []]

    @property
    def subscriptions(self) -> list[dict]:
        """{pubsub, topic, paths} of what its application is subscribed to."""
        return [_subscription(one) for one in self.metadata.get("subscriptions") or []]

    def to_dict(self) -> dict:
        """As the module's result shows it."""
        connection, actors = self.metadata.get("appConnectionProperties") or {}, self.metadata.get("actorRuntime") or {}
        return {
            "http_port": self.daprd.http_port,
            "healthy": not self.problem,
            "health": {"status": self.health.status, "body": self.health.body[:BODY_SHOWN]},
            "outbound": {"status": self.outbound.status},
            "app_id": self.metadata.get("id") or "",
            "version": self.metadata.get("runtimeVersion") or "",
            "components": self.components,
            "subscriptions": self.subscriptions,
            "app": {"port": connection.get("port"), "protocol": connection.get("protocol") or ""},
            "actors": {"status": actors.get("runtimeStatus") or "", "types": _actor_types(self.metadata)},
            "problem": self.problem,
        }


def requests(daprd: Daprd) -> list[Request]:
    """What is asked of a sidecar; nothing of it changes anything."""
    return [Request("GET", HOST, daprd.http_port, path, secret_headers=TOKEN) for path in READS]


def sidecar_of(daprd: Daprd, answers: list[Answer]) -> Sidecar:
    """What the answers to these requests mean."""
    health, outbound, told = answers
    metadata = _metadata(told)
    known = metadata is not None
    seen = Sidecar(daprd, health, outbound, "", known, metadata or {})
    problem = problem_of_health(daprd, health, outbound) or (_problem_of_metadata(seen) if known else _unreadable(daprd.target, told))
    return Sidecar(daprd, health, outbound, problem, known, seen.metadata)


def _metadata(answer: Answer) -> dict | None:
    try:
        read = json.loads(answer.body) if answer.is_good else None
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _problem_of_metadata(seen: Sidecar) -> str:
    loaded = {one["name"] for one in seen.components}
    for one in seen.subscriptions:
        if one["pubsub"] not in loaded:
            return (
                f"Dapr in {seen.daprd.target.where}: the application is subscribed to topic {one['topic']} of component {one['pubsub']}, "
                f"which is missing: the sidecar has loaded {', '.join(sorted(loaded)) or 'no component'}. Apply the component, see that "
                f"its scopes include the app ID {seen.metadata.get('id') or '(none)'}, and restart the workload."
            )
    return ""


def _unreadable(target: Target, answer: Answer) -> str:
    where = f"Dapr in {target.where} is healthy, but does not tell its metadata"
    if answer.status == 401:
        return (
            f"{where}: it asks for an API token (401). Give container {target.container} the variable DAPR_API_TOKEN "
            "from the Secret that the annotation dapr.io/api-token-secret names, and python, node or curl to send it with."
        )
    why = f"HTTP status {answer.status}" if answer.status is not None else f"{answer.failure.replace('_', ' ')}: {answer.detail}"
    return f"{where} ({why}). Look at its log: kubectl logs -n {target.namespace} {target.pod} -c daprd"


def _component(one: dict) -> dict:
    return {
        "name": one.get("name") or "", "type": one.get("type") or "", "version": one.get("version") or "",
        "capabilities": one.get("capabilities") or [],
    }  # fmt: skip


def _subscription(one: dict) -> dict:
    rules = one.get("rules") or []
    rules = rules.get("rules") or [] if isinstance(rules, dict) else rules  # some versions nest them
    return {"pubsub": one.get("pubsubname") or "", "topic": one.get("topic") or "", "paths": [rule.get("path") or "" for rule in rules]}


def _actor_types(metadata: dict) -> list[str]:
    active = (metadata.get("actorRuntime") or {}).get("activeActors") or metadata.get("actors") or []
    return sorted({one.get("type") or "" for one in active})
