# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An in-memory API server that enforces the rules of a Role, and records which of them were used."""

from __future__ import annotations

import copy
import json
import re
from contextlib import nullcontext
from dataclasses import dataclass
from types import SimpleNamespace

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from fake_cluster import merge_patched
from kubernetes.client.exceptions import ApiException

PATH = re.compile(
    r"/(api/v1|apis/(?P<group>[^/]+)/[^/]+)(/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[a-z]+)(/(?P<name>[^/]+))?(/(?P<subresource>[a-z]+)(/.*)?)?"
)
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
WEBSOCKET = ("get", "create")  # exec and port-forward: get for the method GET, create also since Kubernetes 1.35
KINDS = {"secrets": "Secret", "services": "Service", "pods": "Pod", "deployments": "Deployment", "statefulsets": "StatefulSet",
         "daemonsets": "DaemonSet", "replicasets": "ReplicaSet", "endpointslices": "EndpointSlice", "events": "Event",
         "components": "Component", "subscriptions": "Subscription", "configurations": "Configuration", "controllerrevisions": "ControllerRevision"}


@dataclass(frozen=True, order=True)
class Permission:
    """One verb on one resource, of all objects or of the one of that name."""

    group: str
    resource: str
    verb: str
    name: str = ""


def permissions_of(rules: list[dict]) -> set[Permission]:
    """Every permission that the rules grant."""
    return {
        Permission(group, resource, verb, name)
        for rule in rules for group in rule["apiGroups"] for resource in rule["resources"] for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


class GuardedApi:
    """Replaces the kubernetes client's dynamic client in Cluster. Objects are stored by kind and name, all in one namespace."""

    def __init__(self, rules: list[dict], objects: list[dict]):
        self.permissions = permissions_of(rules)
        self.used: set[Permission] = set()
        self.written: list[str] = []
        self.configuration = SimpleNamespace(host="https://192.0.2.1:8443")
        self.client = SimpleNamespace(
            default_headers={}, configuration=SimpleNamespace(auth_settings=dict),
            rest_client=SimpleNamespace(pool_manager=SimpleNamespace(request=self._proxied)),
        )
        self._objects = {(obj["kind"], obj["metadata"]["name"]): copy.deepcopy(obj) for obj in objects}

    def cluster(self) -> Cluster:
        return Cluster(self)

    def allows(self, permission: Permission) -> bool:
        """Whether a rule grants it; that rule is recorded as used."""
        granted = self.permissions & {permission, Permission(permission.group, permission.resource, permission.verb)}
        self.used |= granted
        return bool(granted)

    def require(self, permission: Permission) -> None:
        """Refuses as Kubernetes does."""
        if not self.allows(permission):
            verb, resource, group = permission.verb, permission.resource, permission.group
            text = f'{resource} "{permission.name}" is forbidden: User "u" cannot {verb} resource "{resource}" in API group "{group}"'
            raise api_error(403, "Forbidden", text)

    def request(self, method: str, path: str, *, body=None, **_options) -> SimpleNamespace:
        match = PATH.fullmatch(path)
        resource, name = match["resource"], match["name"] or ""
        if resource == "selfsubjectaccessreviews":
            return response({"status": {"allowed": self.allows(reviewed(body["spec"]["resourceAttributes"]))}})
        asked = f"{resource}/{match['subresource']}" if match["subresource"] else resource
        self.require(Permission(match["group"] or "", asked, VERBS.get(method) or ("get" if name else "list"), name))
        if match["subresource"] == "log":
            return SimpleNamespace(stream=lambda _size: iter([b"a line"]), close=lambda: None, headers={})
        if method == "POST":
            name = body["metadata"]["name"]
            self.written.append(name)
            self._objects[KINDS[resource], name] = merge_patched({"metadata": {"resourceVersion": "1"}}, body)
        if method == "PATCH":
            self.written.append(name)
            self._objects[KINDS[resource], name] = merge_patched(self._objects[KINDS[resource], name], body)
        if not name:
            items = [obj for (kind, _name), obj in self._objects.items() if kind == KINDS[resource]]
            return response({"items": items, "metadata": {"resourceVersion": "1"}})
        if (KINDS[resource], name) not in self._objects:
            raise api_error(404, "NotFound", f'{resource} "{name}" not found')
        return response(self._objects[KINDS[resource], name])

    def _proxied(self, _method: str, url: str, **_options):
        """A request to a Service, which answers with an empty page."""
        match = PATH.fullmatch(url.removeprefix(self.configuration.host))
        permission = Permission("", f"{match['resource']}/{match['subresource']}", "get", match["name"])
        if self.allows(permission):
            return nullcontext(SimpleNamespace(status=200, headers={}, read=lambda _size: b""))
        status = {"kind": "Status", "apiVersion": "v1", "message": f'services "{match["name"]}" is forbidden: User "u" cannot get resource "services/proxy"'}
        return nullcontext(SimpleNamespace(status=403, headers={}, read=lambda _size: json.dumps(status).encode()))

    def open_channels(self, fake):
        """Replaces Channels.open: ``fake`` creates the other end of a connection from its subresource and its command."""

        def connect(_cluster, path: str, query: list[tuple[str, str]], _protocols):
            match = PATH.fullmatch(path)
            try:
                for verb in WEBSOCKET:
                    self.require(Permission("", f"pods/{match['subresource']}", verb, match["name"]))
            except ApiException as error:
                raise ApiError(f"GET {path}: {json.loads(error.body)['message']}", error.status, error.reason) from error
            return fake(match["subresource"], [value for key, value in query if key == "command"])

        return connect


def reviewed(attributes: dict) -> Permission:
    """The permission in a SelfSubjectAccessReview."""
    subresource = attributes.get("subresource")
    resource = f"{attributes['resource']}/{subresource}" if subresource else attributes["resource"]
    return Permission(attributes["group"], resource, attributes["verb"], attributes.get("name", ""))


def response(body: dict) -> SimpleNamespace:
    content = json.dumps(body).encode()
    return SimpleNamespace(read=lambda: content, headers={})


def api_error(status: int, reason: str, message: str) -> ApiException:
    error = ApiException(status=status, reason=reason)
    error.body = json.dumps({"message": message, "reason": reason})
    return error
