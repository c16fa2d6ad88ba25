# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dapr's resources of a namespace: components, subscriptions and configurations, without the values in them, as dapr_resources_info returns them."""

from __future__ import annotations

from ..clients.cluster.access import FORBIDDEN, not_allowed
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError

ARGUMENT_SPEC = {"namespace": {"type": "str", "default": "default"}}
KINDS = ("Component", "Subscription", "Configuration")
NOT_FOUND = 404


def observe(cluster: Cluster, namespace: str) -> tuple[dict[str, list[dict]], list[str]]:
    """(the objects by kind, the problems). A kind that cannot be read is a problem, as Subscriptions need Dapr's operator to be converted.

    Raises RunbookError for a missing permission.
    """
    objects: dict[str, list[dict]] = {}
    problems = []
    for kind in KINDS:
        try:
            objects[kind] = cluster.list(kind, namespace)
        except ApiError as error:
            if error.status == FORBIDDEN:
                plural = f"{kind.lower()}s.dapr.io"
                raise not_allowed(f"list {plural}", namespace, "to report Dapr's resources", missing=[f"list {plural} in namespace {namespace}"]) from error
            objects[kind] = []
            problems.append(_problem(kind, error))
    return objects, problems


def report(objects: dict[str, list[dict]], problems: list[str]) -> dict:
    """The module's result. Pure."""
    components = [_component(item) for item in objects["Component"]]
    subscriptions = [_subscription(item) for item in objects["Subscription"]]
    configurations = [{"name": item["metadata"]["name"]} for item in objects["Configuration"]]
    return {
        "components": components, "subscriptions": subscriptions, "configurations": configurations, "problems": problems,
        "summary": [*map(_component_line, components), *map(_subscription_line, subscriptions),
                    *(f"Configuration {one['name']}" for one in configurations), *problems],
    }  # fmt: skip


def _problem(kind: str, error: ApiError) -> str:
    if error.status == NOT_FOUND:
        return f"The cluster has no kind {kind} of dapr.io: Dapr is not installed. deploy.yml installs it for an application with dapr: true."
    return f"{kind} objects cannot be read: {error.api_message}. Recover Dapr: ansible-playbook runbook.minikube.recover_dapr"


def _component(item: dict) -> dict:
    spec = item.get("spec") or {}
    return {
        "name": item["metadata"]["name"], "type": spec.get("type", ""), "version": spec.get("version", ""), "scopes": item.get("scopes") or [],
        "secrets": sorted({entry["secretKeyRef"]["name"] for entry in spec.get("metadata") or [] if (entry.get("secretKeyRef") or {}).get("name")}),
    }


def _subscription(item: dict) -> dict:
    spec = item.get("spec") or {}
    routes = spec.get("routes") or {}
    paths = [rule.get("path") for rule in routes.get("rules") or []] + [routes.get("default"), spec.get("route")]
    return {
        "name": item["metadata"]["name"], "pubsub": spec.get("pubsubname", ""), "topic": spec.get("topic", ""), "paths": list(filter(None, paths)),
        "dead_letter_topic": spec.get("deadLetterTopic") or "", "scopes": item.get("scopes") or [],
    }


def _component_line(one: dict) -> str:
    return f"Component {one['name']}: {one['type']} {one['version']}{_scopes(one)}{_secrets(one)}"


def _subscription_line(one: dict) -> str:
    dead = f", failed events go to {one['dead_letter_topic']}" if one["dead_letter_topic"] else ""
    return f"Subscription {one['name']}: topic {one['topic']} of {one['pubsub']} to {', '.join(one['paths']) or 'no path'}{dead}{_scopes(one)}"


def _scopes(one: dict) -> str:
    return f", only for {', '.join(one['scopes'])}" if one["scopes"] else ""


def _secrets(one: dict) -> str:
    return f", values from Secret {', '.join(one['secrets'])}" if one["secrets"] else ""
