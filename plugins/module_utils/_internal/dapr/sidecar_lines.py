# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sidecars that connectivity_probe has asked, as lines for the playbook dapr.yml. Pure."""

from __future__ import annotations


def sidecar_lines(result: dict) -> list[str]:
    """A line for each application, the event that was published, and the problems."""
    event = result.get("published") or result.get("would_publish")
    return [*map(_line, result["workloads"]), *([_event_line(event, "published" in result)] if event else []), *result["problems"]]


def _line(one: dict) -> str:
    dapr = one["dapr"]
    head = f"{one['name']} (pod {one['pod']}): app-id {dapr['app_id'] or 'unknown'}, daprd {dapr['version'] or 'unknown'}"
    health = "healthy" if dapr["healthy"] else "not healthy"
    components = ", ".join(f"{item['name']} ({item['type']})" for item in dapr["components"]) or "none"
    subscriptions = ", ".join(f"{item['topic']} of {item['pubsub']} to {', '.join(item['paths'])}" for item in dapr["subscriptions"]) or "none"
    return f"{head}, {health}. Components: {components}. Subscriptions: {subscriptions}."


def _event_line(event: dict, is_published: bool) -> str:
    what = f"event to topic {event['topic']} of {event['pubsub']} from {event['workload']}"
    if not is_published:
        return f"Would publish an {what}."
    response = f"HTTP status {event['status']}" if event["status"] else "no response"
    return f"Sent an {what}: {response}."
