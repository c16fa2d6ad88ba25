# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An API server in memory that lets a user do what the rules of a Role say, and notes which of them were used."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from types import SimpleNamespace

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from fake_cluster import merge_patched
from kubernetes.client.exceptions import ApiException

PATH = re.compile(
    r"/(api/v1|apis/(?P<group>[^/]+)/[^/]+)(/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[a-z]+)(/(?P<name>[^/]+))?(/(?P<subresource>[a-z]+))?"
)
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
WEBSOCKET = ("get", "create")  # exec and port-forward: the first by the method GET, the second asked for as well since Kubernetes 1.35
KINDS = {"secrets": "Secret", "services": "Service", "pods": "Pod", "deployments": "Deployment", "statefulsets": "StatefulSet",
         "daemonsets": "DaemonSet", "replicasets": "ReplicaSet"}


@dataclass(frozen=True, order=True)
class Permission:
    """One verb on one resource, of all objects or of the one of that name."""

    group: str
    resource: str
    verb: str
    name: str = ""


def permissions_of(rules: list[dict]) -> set[Permission]:
    """Every permission that rules give."""
    return {
        Permission(group, resource, verb, name)
        for rule in rules for group in rule["apiGroups"] for resource in rule["resources"] for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


class GuardedApi:
    """What the kubernetes client's dynamic client is to Cluster. Objects are stored by resource and name, all in one namespace."""

    def __init__(self, rules: list[dict], objects: list[dict]):
        self.permissions = permissions_of(rules)
        self.used: set[Permission] = set()
        self.written: list[str] = []
        self.configuration = SimpleNamespace(host="https://192.0.2.1:8443")
        self._objects = {(obj["kind"], obj["metadata"]["name"]): copy.deepcopy(obj) for obj in objects}

    def cluster(self) -> Cluster:
        return Cluster(self)

    def allows(self, wanted: Permission) -> bool:
        """Whether a rule gives it; that rule has been used then."""
        giving = self.permissions & {wanted, Permission(wanted.group, wanted.resource, wanted.verb)}
        self.used |= giving
        return bool(giving)

    def require(self, wanted: Permission) -> None:
        """Refuses as Kubernetes does."""
        if not self.allows(wanted):
            text = f'{wanted.resource} "{wanted.name}" is forbidden: User "u" cannot {wanted.verb} resource "{wanted.resource}" in API group "{wanted.group}"'
            raise refusal(403, "Forbidden", text)

    def request(self, method: str, path: str, *, body=None, **_options) -> SimpleNamespace:
        found = PATH.fullmatch(path)
        resource, name = found["resource"], found["name"] or ""
        if resource == "selfsubjectaccessreviews":
            return answer({"status": {"allowed": self.allows(asked(body["spec"]["resourceAttributes"]))}})
        self.require(Permission(found["group"] or "", resource, VERBS.get(method) or ("get" if name else "list"), name))
        if method == "PATCH":
            self.written.append(name)
            self._objects[KINDS[resource], name] = merge_patched(self._objects[KINDS[resource], name], body)
        if not name:
            items = [obj for (kind, _name), obj in self._objects.items() if kind == KINDS[resource]]
            return answer({"items": items, "metadata": {"resourceVersion": "1"}})
        if (KINDS[resource], name) not in self._objects:
            raise refusal(404, "NotFound", f'{resource} "{name}" not found')
        return answer(self._objects[KINDS[resource], name])

    def open_channels(self, played):
        """A stand-in for Channels.open: ``played`` makes what stands behind a connection, from its path and the words of its command."""

        def connect(_cluster, path: str, query: list[tuple[str, str]], _protocols):
            found = PATH.fullmatch(path)
            try:
                for verb in WEBSOCKET:
                    self.require(Permission("", f"pods/{found['subresource']}", verb, found["name"]))
            except ApiException as error:
                raise ApiError(f"GET {path}: {json.loads(error.body)['message']}", error.status, error.reason) from error
            return played(found["subresource"], [value for key, value in query if key == "command"])

        return connect


def asked(attributes: dict) -> Permission:
    """What a SelfSubjectAccessReview asks for."""
    subresource = attributes.get("subresource")
    resource = f"{attributes['resource']}/{subresource}" if subresource else attributes["resource"]
    return Permission(attributes["group"], resource, attributes["verb"], attributes.get("name", ""))


def answer(body: dict) -> SimpleNamespace:
    content = json.dumps(body).encode()
    return SimpleNamespace(read=lambda: content, headers={})


def refusal(status: int, reason: str, message: str) -> ApiException:
    error = ApiException(status=status, reason=reason)
    error.body = json.dumps({"message": message, "reason": reason})
    return error
