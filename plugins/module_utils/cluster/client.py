# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The adapter to the Kubernetes API. The only file that uses kubernetes.core's module_utils, which is not a public interface.

Objects are plain dicts as the API sends them. Reads are in bulk: one list call a kind.
"""

from __future__ import annotations

import json
import queue
import threading
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from ansible_collections.runbook.minikube.plugins.module_utils.cluster import certificate_files
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.body import CONTENT_TYPE, apply_body, require_sendable
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.kinds import KINDS, group_of, path_of
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.warning_headers import warnings_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import lacking

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

CONNECT_TIMEOUT = 5  # seconds until an API server that does not answer the connection is called unreachable
IS_IT_RUNNING = "Is the cluster running (minikube status), and are the options kubeconfig and context right?"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
READ_TIMEOUT = 30  # seconds for one answer that is not a watch
LOG_IS_GONE = "unable to retrieve container logs for "  # what the kubelet answers, with status 200, where it has removed the container


class ApiError(RunbookError):
    """The API server refused a call.

    ``status`` is the HTTP status, ``reason`` the API's own word, for example NotFound, ``causes`` what it says in detail,
    ``said`` its own sentence, without what it was asked.
    """

    def __init__(self, message: str, status: int, reason: str, causes: tuple[str, ...] = (), said: str = ""):
        super().__init__(message)
        self.said = said or message
        self.status = status
        self.reason = reason
        self.causes = causes


class Unreachable(RunbookError):
    """The API server did not answer, or stopped in the middle of an answer."""


class Cluster:
    """Reads, writes and watches objects by kind; raises ApiError where the API refuses, Unreachable where it does not answer."""

    def __init__(self, dynamic):
        self._dynamic = dynamic
        self.server = dynamic.configuration.host
        self._clock_offset = timedelta()

    @classmethod
    def connect(cls, params: dict) -> Cluster:
        """Opens the cluster that kubernetes.core's connection options in ``params`` name."""
        if get_api_client is None:
            raise RunbookError("The collection kubernetes.core is missing. Install it: ansible-galaxy collection install kubernetes.core")
        if KUBERNETES_IMPORT_ERROR:
            raise RunbookError(lacking(["kubernetes"]), exception=KUBERNETES_IMPORT_ERROR)
        given = {name: params[name] for name in AUTH_ARG_SPEC if params.get(name) is not None}
        where = given.get("context") or given.get("host") or "the current context"
        try:
            with certificate_files.written_here(kubernetes.config):
                return cls(_within(CONNECT_TIMEOUT * 2, lambda: get_api_client(**given)).client)
        except (TimeoutError, urllib3.exceptions.HTTPError) as error:
            raise Unreachable(f"The API server of {where} can't be reached: {_cause(error)}. {IS_IT_RUNNING}") from error
        except Exception as error:  # kubernetes.core raises many kinds here, all of them about the connection options
            raise RunbookError(f"Can't connect to {where}: {_first_line(error)}. Check the options kubeconfig and context.") from error

    @property
    def api_client(self):
        """The kubernetes ApiClient below: what a stream (exec, port-forward) takes its address, TLS and credentials from."""
        return self._dynamic.client

    def now(self) -> datetime:
        """The API server's time, by the Date header of its last answer: what timestamps in objects are compared with."""
        return datetime.now(timezone.utc) + self._clock_offset

    def list(self, kind: str, namespace: str | None = None, **selectors) -> list[dict]:
        """All objects of a kind, in a namespace or in all; ``label_selector`` and ``field_selector`` narrow them."""
        return self.list_with_version(kind, namespace, **selectors)[0]

    def list_with_version(self, kind: str, namespace: str | None = None, **selectors) -> tuple[list[dict], str]:
        """As list, with the resource version to start a watch from."""
        answer = self._json("GET", path_of(kind, namespace), **selectors)
        return answer["items"], answer["metadata"]["resourceVersion"]

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict | None:
        """One object, or None where it does not exist."""
        try:
            return self._json("GET", path_of(kind, namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list_metadata(self, kind: str, namespace: str) -> list[dict]:
        """The metadata of all objects of a kind in a namespace: the API server sends nothing else of them."""
        items = self._json("GET", path_of(kind, namespace), header_params={"Accept": METADATA_LIST})["items"]
        return [item["metadata"] for item in items]

    def get_metadata(self, kind: str, name: str, namespace: str) -> dict | None:
        """As list_metadata for one object, None where it does not exist."""
        try:
            return self._json("GET", path_of(kind, namespace, name), header_params={"Accept": METADATA})["metadata"]
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, kind: str, body: dict, namespace: str | None = None, **options) -> dict:
        """Makes an object and returns it as stored."""
        return self._json("POST", path_of(kind, namespace), body=body, **options)

    def replace(self, kind: str, name: str, body: dict, namespace: str | None = None, **options) -> dict:
        """Writes an object back; with a resourceVersion in ``body`` the API refuses (409) if it changed meanwhile."""
        return self._json("PUT", path_of(kind, namespace, name), body=body, **options)

    def patch(self, kind: str, name: str, body: dict, namespace: str | None = None, subresource: str | None = None, **options) -> dict:
        """Patches an object (a strategic merge unless ``content_type`` says otherwise) and returns it as stored."""
        options.setdefault("content_type", "application/strategic-merge-patch+json")
        return self._json("PATCH", path_of(kind, namespace, name, subresource), body=body, **options)

    def delete(self, kind: str, name: str, namespace: str | None = None, **options) -> None:
        """Deletes an object; one that is not there is no error."""
        try:
            self._json("DELETE", path_of(kind, namespace, name), **options)
        except ApiError as error:
            if error.status != 404:
                raise

    def evict(self, pod: str, namespace: str, uid: str) -> None:
        """Deletes the pod with that UID, and no other of its name, if its PodDisruptionBudget allows it; one that is gone is no error.

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
            return self._json("GET", self._path_of_object(obj))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def apply_object(
        self, obj: dict, *, field_manager: str, force: bool = False, dry_run: bool = False, warn: Callable[[str], None] | None = None
    ) -> dict:
        """A server-side apply of any object; returns it as stored, or with ``dry_run`` as it would be.

        ``warn`` is given what the API server warns of. Raises RunbookError for what can't be sent.
        """
        body, path = apply_body(obj), self._path_of_object(obj)
        options = {"field_manager": field_manager, "force_conflicts": force, **({"dry_run": "All"} if dry_run else {})}
        response = self._request("PATCH", path, body=body, content_type=CONTENT_TYPE, **options)
        for text in warnings_of(response.headers.getlist("Warning")) if warn else []:
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
            for event in _json_lines(response):
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(status.get("message", "the watch ended"), status.get("code", 0), status.get("reason", ""))
                yield event["type"], event["object"]
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            response.close()

    def logs(self, pod: str, namespace: str, container: str, *, lines: int = 20, previous: bool = False) -> str:
        """The last lines that a container wrote, "" where there are none, or it never ran or is gone."""
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
        """Whether the API server would let this user do it, to any object of the kind or to the one of that name."""
        attributes = {"verb": verb, "group": group_of(kind), "resource": path_of(kind).rpartition("/")[2]}
        optional = {"namespace": namespace, "subresource": subresource, "name": name}
        attributes.update({key: value for key, value in optional.items() if value})
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
        return self.create("SelfSubjectAccessReview", body)["status"].get("allowed", False)

    def _path_of_object(self, obj: dict) -> str:
        """The path of an object of any kind. What this collection does not know by itself is looked up in the API's own index."""
        version, kind, metadata = obj["apiVersion"], obj["kind"], obj["metadata"]
        if kind in KINDS and KINDS[kind][0] == version:
            return path_of(kind, metadata.get("namespace"), metadata["name"])
        try:
            resource = self._dynamic.resources.get(api_version=version, kind=kind)
        except (ResourceNotFoundError, ResourceNotUniqueError) as error:
            raise ApiError(f"{kind} of {version}: {_first_line(error)}", 404, "NotFound") from error
        return resource.path(name=metadata["name"], namespace=metadata.get("namespace") if resource.namespaced else None)

    def _json(self, method: str, path: str, **options) -> dict:
        return self._content(self._request(method, path, **options))

    def _content(self, response) -> dict:
        try:
            return json.loads(response.read())
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error

    def _request(self, method: str, path: str, *, body=None, read_timeout: int = READ_TIMEOUT, **options):
        require_sendable(body, f"{method} {path}")
        try:
            response = self._dynamic.request(
                method, path, body=body, serialize=False, _request_timeout=(CONNECT_TIMEOUT, read_timeout), **options
            )
        except ApiException as error:
            raise _api_error(error, method, path) from error
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        self._read_clock(response.headers.get("Date"))
        return response

    def _read_clock(self, date: str | None) -> None:
        """Notes how far the API server's clock is off; less than the header's one-second steps is no difference."""
        if date:
            offset = parsedate_to_datetime(date) - datetime.now(timezone.utc)
            self._clock_offset = offset if abs(offset) > timedelta(seconds=2) else timedelta()

    def _unreachable(self, error: BaseException) -> Unreachable:
        return Unreachable(f"The API server {self.server} can't be reached: {_cause(error)}. {IS_IT_RUNNING}")


def _api_error(error, method: str, path: str) -> ApiError:
    try:
        status = json.loads(error.body)
    except (TypeError, ValueError):
        status = {}
    message = status.get("message") or error.reason or "no reason given"
    causes = tuple(cause.get("message") or "" for cause in (status.get("details") or {}).get("causes") or [])
    return ApiError(f"{method} {path}: {message}", error.status or 0, status.get("reason") or "", causes, message)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _cause(error: BaseException) -> str:
    """What urllib3 says, without its inner wrapping: where (host:port, if known) and why."""
    pool = getattr(error, "pool", None)
    where = f"{pool.host}:{pool.port}: " if getattr(pool, "host", None) else ""
    return where + str(getattr(error, "reason", None) or _first_line(error)).rpartition("): ")[2]


def _within(seconds: float, call):
    """The result of a call that knows no time limit of its own. Raises TimeoutError, and leaves the call to itself."""
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def run():
        try:
            answers.put((call(), None))
        except Exception as error:  # it belongs to the caller, who waits in another thread
            answers.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        result, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds} s") from None
    if error:
        raise error
    return result


def _json_lines(response) -> Iterator[dict]:
    """Splits a stream into JSON documents, one a line, as they arrive."""
    rest = b""
    for chunk in response.stream(amt=None, decode_content=False):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in filter(None, lines):
            yield json.loads(line)
