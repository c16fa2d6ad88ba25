# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The adapter to the Kubernetes API. The only file that uses kubernetes.core's module_utils, which is not a public interface.

Objects are plain dicts as the API sends them. Reads are in bulk: one list call a kind.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from ...errors import RunbookError
from ...libraries import missing_message
from . import certificate_files
from .body import CONTENT_TYPE, apply_body, require_sendable
from .errors import ApiError, api_error, first_line, unreachable
from .kinds import KINDS, group_of, path_of
from .responses import json_lines, warnings_of
from .timeout import call_within

try:
    from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
except ImportError:
    AUTH_ARG_SPEC = {}
    get_api_client = None

try:
    import kubernetes.config
    import urllib3
    from kubernetes.client.exceptions import ApiException
    from kubernetes.dynamic.exceptions import ResourceNotFoundError, ResourceNotUniqueError

    KUBERNETES_IMPORT_ERROR = None
except ImportError:
    ApiException = ResourceNotFoundError = ResourceNotUniqueError = Exception
    KUBERNETES_IMPORT_ERROR = traceback.format_exc()

CONNECT_TIMEOUT = 5  # seconds until an API server that does not accept the connection counts as unreachable
MERGE_PATCH = "application/merge-patch+json"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
MAX_WORKERS = 8  # requests to the API server, or to containers through it, at the same time
READ_TIMEOUT = 30  # seconds for one answer that is not a watch
LOG_IS_GONE = "unable to retrieve container logs for "  # the kubelet's answer, with status 200, for a container that it has removed

Objects = list[dict]  # inside of Cluster, "list" is its method


class Cluster:
    """Reads, writes and watches objects by kind; raises ApiError where the API refuses, Unreachable where it does not answer."""

    def __init__(self, dynamic):
        self._dynamic = dynamic
        self.server = dynamic.configuration.host
        self._clock_offset = timedelta()

    @classmethod
    def connect(cls, params: dict) -> Cluster:
        """Connects to the cluster of kubernetes.core's connection options in ``params``."""
        if get_api_client is None:
            raise RunbookError("The collection kubernetes.core is missing. Install it: ansible-galaxy collection install kubernetes.core")
        if KUBERNETES_IMPORT_ERROR:
            raise RunbookError(missing_message(["kubernetes"]), exception=KUBERNETES_IMPORT_ERROR)
        options = {name: params[name] for name in AUTH_ARG_SPEC if params.get(name) is not None}
        where = options.get("context") or options.get("host") or "the current context"
        try:
            with certificate_files.write_into_folder(kubernetes.config):
                return cls(call_within(CONNECT_TIMEOUT * 2, lambda: get_api_client(**options)).client)
        except (TimeoutError, urllib3.exceptions.HTTPError) as error:
            raise unreachable(f"of {where}", error) from error
        except Exception as error:  # kubernetes.core raises many types here, all about the connection options
            raise RunbookError(f"Can't connect to {where}: {first_line(error)}. Check the options kubeconfig and context.") from error

    @property
    def api_client(self):
        """The kubernetes ApiClient: streams (exec, port-forward) take address, TLS and credentials from it."""
        return self._dynamic.client

    def now(self) -> datetime:
        """The API server's time, from the Date header of its last answer: timestamps in objects are compared with it."""
        return datetime.now(timezone.utc) + self._clock_offset

    def list(self, kind: str, namespace: str | None = None, **selectors) -> Objects:
        """All objects of a kind, in a namespace or in all; ``label_selector`` and ``field_selector`` narrow them."""
        return self.list_with_version(kind, namespace, **selectors)[0]

    def list_with_version(self, kind: str, namespace: str | None = None, **selectors) -> tuple[Objects, str]:
        """As list, with the resource version to start a watch from."""
        answer = self._json("GET", path_of(kind, namespace), **selectors)
        return answer["items"], answer["metadata"]["resourceVersion"]

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict | None:
        """One object, or None where it does not exist."""
        return self._json_or_none(path_of(kind, namespace, name))

    def list_metadata(self, kind: str, namespace: str) -> Objects:
        """Only the metadata of all objects of a kind in a namespace."""
        items = self._json("GET", path_of(kind, namespace), header_params={"Accept": METADATA_LIST})["items"]
        return [item["metadata"] for item in items]

    def get_metadata(self, kind: str, name: str, namespace: str) -> dict | None:
        """As list_metadata for one object, None where it does not exist."""
        obj = self._json_or_none(path_of(kind, namespace, name), header_params={"Accept": METADATA})
        return obj["metadata"] if obj else None

    def create(self, kind: str, body: dict, namespace: str | None = None, **options) -> dict:
        """Creates an object and returns it as stored."""
        return self._json("POST", path_of(kind, namespace), body=body, **options)

    def replace(self, kind: str, name: str, body: dict, namespace: str | None = None, **options) -> dict:
        """Writes an object back; with a resourceVersion in ``body`` the API refuses (409) if it changed meanwhile."""
        return self._json("PUT", path_of(kind, namespace, name), body=body, **options)

    def patch(self, kind: str, name: str, body: dict | Objects, namespace: str | None = None, subresource: str | None = None, **options) -> dict:
        """Patches an object (a strategic merge unless ``content_type`` says otherwise) and returns it as stored."""
        options.setdefault("content_type", "application/strategic-merge-patch+json")
        return self._json("PATCH", path_of(kind, namespace, name, subresource), body=body, **options)

    def delete(self, kind: str, name: str, namespace: str | None = None, **options) -> None:
        """Deletes an object; a missing one is no error."""
        try:
            self._json("DELETE", path_of(kind, namespace, name), **options)
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
            self._json("POST", path_of("Pod", namespace, pod, "eviction"), body=body)
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    def get_object(self, obj: dict) -> dict | None:
        """The stored form of any object with apiVersion, kind, name and namespace, or None where it does not exist."""
        try:
            path = self._path_of_object(obj)
        except ApiError:  # its kind does not exist
            return None
        return self._json_or_none(path)

    def apply_object(
        self, obj: dict, *, field_manager: str, force: bool = False, dry_run: bool = False, warn: Callable[[str], None] | None = None
    ) -> dict:
        """A server-side apply of any object; returns it as stored, or with ``dry_run`` as it would be.

        ``warn`` is called with each warning of the API server. Raises RunbookError for an object that cannot be sent.
        """
        body, path = apply_body(obj), self._path_of_object(obj)
        options: dict = {"field_manager": field_manager, "force_conflicts": force, **({"dry_run": "All"} if dry_run else {})}
        response = self._request("PATCH", path, body=body, content_type=CONTENT_TYPE, **options)
        if warn:
            for text in warnings_of(response.headers.getlist("Warning")):
                warn(text)
        return self._content(response)

    def watch(self, kind: str, namespace: str | None, resource_version: str, seconds: int, **selectors) -> Iterator[tuple[str, dict]]:
        """Yields (ADDED, MODIFIED, DELETED or BOOKMARK, object) as the API sends them, and ends after ``seconds``.

        Raises ApiError with status 410 where ``resource_version`` is too old: list again and watch from there; Unreachable
        where the stream breaks.
        """
        response = self._request(
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
        query = [("container", container), ("tailLines", lines), ("previous", str(previous).lower())]
        try:
            response = self._request("GET", path_of("Pod", namespace, pod, "log"), query_params=query)
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
            resource = self._dynamic.resources.get(api_version=version, kind=kind)
        except (ResourceNotFoundError, ResourceNotUniqueError) as error:
            raise ApiError(f"{kind} of {version}: {first_line(error)}", 404, "NotFound") from error
        return resource.path(name=metadata["name"], namespace=metadata.get("namespace") if resource.namespaced else None)

    def _json_or_none(self, path: str, **options) -> dict | None:
        try:
            return self._json("GET", path, **options)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _json(self, method: str, path: str, **options) -> dict:
        return self._content(self._request(method, path, **options))

    def _content(self, response) -> dict:
        try:
            return json.loads(response.read())
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.server, error) from error

    def _request(self, method: str, path: str, *, body=None, read_timeout: int = READ_TIMEOUT, **options):
        require_sendable(body, f"{method} {path}")
        try:
            response = self._dynamic.request(
                method, path, body=body, serialize=False, _request_timeout=(CONNECT_TIMEOUT, read_timeout), **options
            )
        except ApiException as error:
            raise api_error(error, method, path) from error
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self.server, error) from error
        self._read_clock(response.headers.get("Date"))
        return response

    def _read_clock(self, date: str | None) -> None:
        """Records the offset of the API server's clock; the header counts whole seconds, so up to two seconds are no offset."""
        if date:
            offset = parsedate_to_datetime(date) - datetime.now(timezone.utc)
            self._clock_offset = offset if abs(offset) > timedelta(seconds=2) else timedelta()
