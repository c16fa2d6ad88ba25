# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client of the Kubernetes API.

Objects are plain dicts as the API sends them. Reads are in bulk: one list call a kind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from .body import CONTENT_TYPE, apply_body
from .connection import connect
from .errors import ApiError, first_line, unreachable
from .kinds import KINDS, group_of, path_of
from .requests import Requests
from .responses import json_lines, warnings_of

try:
    import urllib3
    from kubernetes.dynamic.exceptions import ResourceNotFoundError, ResourceNotUniqueError
except ImportError:
    ResourceNotFoundError = ResourceNotUniqueError = Exception

MERGE_PATCH = "application/merge-patch+json"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
MAX_WORKERS = 8  # requests to the API server, or to containers through it, at the same time
MAX_LOG = 4 << 20  # bytes of the last lines of a log
LOG_IS_GONE = ("unable to retrieve container logs for ", "failed to try resolving symlinks in path ")  # the kubelet's answers, with status 200
DISCOVERY = threading.Lock()  # the discovery of kubernetes.dynamic is not safe for threads

Objects = list[dict]  # inside of Cluster, "list" is its method


class Cluster(Requests):
    """Reads, writes and watches objects by kind; raises ApiError where the API refuses, Unreachable where it does not answer."""

    @classmethod
    def connect(cls, params: dict) -> Cluster:
        """Connects to the cluster of kubernetes.core's connection options in ``params``."""
        return cls(connect(params))

    def list(self, kind: str, namespace: str | None = None, **selectors) -> Objects:
        """All objects of a kind, in a namespace or in all; ``label_selector`` and ``field_selector`` narrow them."""
        return self.list_with_version(kind, namespace, **selectors)[0]

    def list_with_version(self, kind: str, namespace: str | None = None, **selectors) -> tuple[Objects, str]:
        """As list, with the resource version to start a watch from."""
        answer = self.json("GET", path_of(kind, namespace), **selectors)
        return answer["items"], answer["metadata"]["resourceVersion"]

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict | None:
        """One object, or None where it does not exist."""
        return self.json_or_none(path_of(kind, namespace, name))

    def list_metadata(self, kind: str, namespace: str) -> Objects:
        """Only the metadata of all objects of a kind in a namespace."""
        items = self.json("GET", path_of(kind, namespace), header_params={"Accept": METADATA_LIST})["items"]
        return [item["metadata"] for item in items]

    def get_metadata(self, kind: str, name: str, namespace: str) -> dict | None:
        """As list_metadata for one object, None where it does not exist."""
        obj = self.json_or_none(path_of(kind, namespace, name), header_params={"Accept": METADATA})
        return obj["metadata"] if obj else None

    def create(self, kind: str, body: dict, namespace: str | None = None, **options) -> dict:
        """Creates an object and returns it as stored."""
        return self.json("POST", path_of(kind, namespace), body=body, **options)

    def replace(self, kind: str, name: str, body: dict, namespace: str | None = None, **options) -> dict:
        """Writes an object back; with a resourceVersion in ``body`` the API refuses (409) if it changed meanwhile."""
        return self.json("PUT", path_of(kind, namespace, name), body=body, **options)

    def patch(self, kind: str, name: str, body: dict | Objects, namespace: str | None = None, subresource: str | None = None, **options) -> dict:
        """Patches an object (a strategic merge unless ``content_type`` says otherwise) and returns it as stored."""
        options.setdefault("content_type", "application/strategic-merge-patch+json")
        return self.json("PATCH", path_of(kind, namespace, name, subresource), body=body, **options)

    def delete(self, kind: str, name: str, namespace: str | None = None, **options) -> None:
        """Deletes an object; a missing one is no error."""
        try:
            self.json("DELETE", path_of(kind, namespace, name), **options)
        except ApiError as error:
            if error.status != 404:
                raise

    def evict(self, pod: str, namespace: str, uid: str) -> None:
        """Evicts the pod with that UID, and no other of its name, if its PodDisruptionBudget allows it; a missing one is no error.

        Raises ApiError with status 429 and the budget in ``causes`` where it does not.
        """
        body = {
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        try:
            self.json("POST", path_of("Pod", namespace, pod, "eviction"), body=body)
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    def get_object(self, obj: dict) -> dict | None:
        """The stored form of any object with apiVersion, kind, name and namespace, or None where it does not exist."""
        try:
            path = self._path_of_object(obj)
        except ApiError:  # its kind does not exist
            return None
        return self.json_or_none(path)

    def apply_object(
        self, obj: dict, *, field_manager: str, force: bool = False, dry_run: bool = False, warn: Callable[[str], None] | None = None
    ) -> dict:
        """A server-side apply of any object; returns it as stored, or with ``dry_run`` as it would be.

        ``warn`` is called with each warning of the API server. Raises RunbookError for an object that cannot be sent.
        """
        body, path = apply_body(obj), self._path_of_object(obj)
        options: dict = {"field_manager": field_manager, "force_conflicts": force, **({"dry_run": "All"} if dry_run else {})}
        response = self.request("PATCH", path, body=body, content_type=CONTENT_TYPE, **options)
        if warn:
            for text in warnings_of(response.headers.getlist("Warning")):
                warn(text)
        return self.content(response)

    def watch(self, kind: str, namespace: str | None, resource_version: str, seconds: int, **selectors) -> Iterator[tuple[str, dict]]:
        """Yields (ADDED, MODIFIED, DELETED or BOOKMARK, object) as the API sends them, and ends after ``seconds``.

        Raises ApiError with status 410 where ``resource_version`` is too old: list again and watch from there; Unreachable
        where the stream breaks.
        """
        response = self.request(
            "GET", path_of(kind, namespace), read_timeout=seconds + 5, watch=True, timeout_seconds=seconds,
            resource_version=resource_version, allow_watch_bookmarks=True, **selectors,
        )
        try:
            for event in json_lines(response):
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(status.get("message", "the watch ended"), status.get("code", 0), status.get("reason", ""))
                yield event["type"], event["object"]
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.server, error) from error
        finally:
            response.close()

    def logs(self, pod: str, namespace: str, container: str, *, lines: int = 20, previous: bool = False) -> str:
        """The last lines of a container's log; "" where there are none, or the container never ran or is gone."""
        query = [("container", container), ("tailLines", lines), ("limitBytes", MAX_LOG), ("previous", str(previous).lower())]
        try:
            response = self.request("GET", path_of("Pod", namespace, pod, "log"), query_params=query)
        except ApiError as error:
            if error.status in (400, 404):
                return ""
            raise
        text = response.read().decode(errors="replace")
        return "" if text.startswith(LOG_IS_GONE) else text

    def can(self, verb: str, kind: str, namespace: str | None = None, subresource: str | None = None, name: str | None = None) -> bool:
        """Whether this user is allowed to do it, to any object of the kind or to the one of that name."""
        attributes = {"verb": verb, "group": group_of(kind), "resource": path_of(kind).rpartition("/")[2]}
        optional = {"namespace": namespace, "subresource": subresource, "name": name}
        attributes.update({key: value for key, value in optional.items() if value})
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
        return self.create("SelfSubjectAccessReview", body)["status"].get("allowed", False)

    def _path_of_object(self, obj: dict) -> str:
        """The path of an object of any kind. Kinds that are not in KINDS are discovered."""
        version, kind, metadata = obj["apiVersion"], obj["kind"], obj["metadata"]
        if kind in KINDS and KINDS[kind][0] == version:
            return path_of(kind, metadata.get("namespace"), metadata["name"])
        try:
            with DISCOVERY:
                resource = self._dynamic.resources.get(api_version=version, kind=kind)
        except (ResourceNotFoundError, ResourceNotUniqueError) as error:
            raise ApiError(f"{kind} of {version}: {first_line(error)}", 404, "NotFound") from error
        return resource.path(name=metadata["name"], namespace=metadata.get("namespace") if resource.namespaced else None)
