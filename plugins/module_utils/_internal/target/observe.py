# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the Minikube profiles of this machine, and the version and nodes from the API server of the target."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..clients.cluster import certificate_files
from ..errors import RunbookError
from ..libraries import missing_message
from . import kubeconfig
from .options import TargetOptions
from .plan import ClusterTarget, select_target
from .reasons import failure_message

try:
    import kubernetes
    import kubernetes.dynamic
    import urllib3

    KUBERNETES_IMPORT_ERROR = None
except ImportError:
    KUBERNETES_IMPORT_ERROR = traceback.format_exc()

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True)
class ClusterInfo:
    """Version and node of a cluster. Node and runtime are None where nodes may not be listed or there is none."""

    kubernetes_version: str
    node: str | None = None
    node_address: str | None = None
    runtime: str | None = None
    nodes_forbidden: bool = False


def minikube_profiles(homes: Sequence[str], environ: dict) -> dict[str, str]:
    """The profiles on this machine, each with its folder (MINIKUBE_HOME)."""
    profiles: dict[str, str] = {}
    for home in homes or [environ.get("MINIKUBE_HOME") or "~"]:
        for folder in (Path(home).expanduser(), Path(home).expanduser() / ".minikube"):
            for config in sorted(folder.glob("profiles/*/config.json")):
                profiles.setdefault(config.parent.name, str(folder))
    return profiles


def resolve_target(options: TargetOptions, environ: dict) -> ClusterTarget:
    """The cluster that the options select. Raises RunbookError where it does not exist, or may not be changed."""
    if kubeconfig.yaml is None:
        raise RunbookError(missing_message(["yaml"]))
    profiles = minikube_profiles(options.minikube_homes, environ)
    loaded = kubeconfig.load(options.kubeconfig, environ)
    return select_target(loaded, options.context, options.allowed_contexts, profiles, environ, kubeconfig.ca_fingerprints)


def read_cluster_info(target: ClusterTarget, timeout: int) -> ClusterInfo:
    """Reads from the API server, with ``timeout`` seconds for each request. Raises RunbookError with the reason and the next step."""
    if KUBERNETES_IMPORT_ERROR:
        raise RunbookError(missing_message(["kubernetes"]), exception=KUBERNETES_IMPORT_ERROR)
    try:
        client = _client(target)
        version = kubernetes.client.VersionApi(client).get_code(_request_timeout=(timeout, timeout)).git_version
        return _with_node(version, client, timeout)
    except (kubernetes.config.ConfigException, kubernetes.client.exceptions.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
        reason = reason_of(error)
        message = failure_message(reason, target, timeout, _detail(reason, error))
        raise RunbookError(message, reason=reason, context=target.context, server=target.server) from error


def reason_of(error: BaseException) -> str:
    """The reason of a failure, a key of REASONS."""
    if isinstance(error, urllib3.exceptions.MaxRetryError):
        error = error.reason or error
    status = getattr(error, "status", None)
    if isinstance(error, kubernetes.client.exceptions.ApiException):
        by_status = {0: "certificate", None: "certificate", 401: "unauthorized", 403: "forbidden"}
        return by_status.get(status, "not_ready" if (status or 0) >= 500 else "other")
    if isinstance(error, urllib3.exceptions.NewConnectionError) and isinstance(error.__cause__, ConnectionRefusedError):
        return "refused"
    return next((reason for classes, reason in _reasons_by_exception() if isinstance(error, classes)), "other")


def _reasons_by_exception():
    """Exception classes and their reason, the narrower ones first."""
    failures = urllib3.exceptions
    return (
        (failures.NameResolutionError, "dns"),
        (failures.NewConnectionError, "unreachable"),
        (failures.ConnectTimeoutError, "timeout"),
        (failures.ReadTimeoutError, "read_timeout"),
        (failures.SSLError, "certificate"),
        (failures.ProtocolError, "reset"),
        ((kubernetes.config.ConfigException, OSError), "credentials"),
    )


def _client(target: ClusterTarget):
    configuration = kubernetes.client.Configuration()
    configuration.retries = False
    folder = certificate_files.folder()
    kubernetes.config.load_kube_config(target.kubeconfig, target.context, configuration, persist_config=False, temp_file_path=folder)
    return kubernetes.client.ApiClient(configuration)


def _with_node(version: str, client, timeout: int) -> ClusterInfo:
    try:
        nodes = _nodes(client, timeout)
    except kubernetes.client.exceptions.ApiException as error:
        if error.status == 403:
            return ClusterInfo(version, nodes_forbidden=True)
        raise
    if not nodes:
        return ClusterInfo(version)
    node = min(nodes, key=lambda node: (CONTROL_PLANE not in (node["metadata"].get("labels") or {}), node["metadata"]["name"]))
    addresses = node["status"].get("addresses") or []
    address = next((entry["address"] for entry in addresses if entry["type"] == "InternalIP"), None)
    return ClusterInfo(version, node["metadata"]["name"], address, node["status"]["nodeInfo"]["containerRuntimeVersion"].partition(":")[0])


def _nodes(client, timeout: int) -> list[dict]:
    """The nodes as plain data: the client's model classes take half a second to import."""
    dynamic = kubernetes.dynamic.DynamicClient(client, discoverer=lambda *_arguments: None)
    return json.loads(dynamic.request("GET", "/api/v1/nodes", serialize=False, _request_timeout=(timeout, timeout)).data)["items"]


def _detail(reason: str, error: BaseException) -> str:
    """The library's message, for reasons that need it; it contains no credential."""
    if reason == "unreachable" and isinstance(error.__cause__, OSError):
        return error.__cause__.strerror or ""
    if reason in ("certificate", "credentials", "other", "not_ready"):
        text = str(getattr(error, "reason", None) or error)
        return " ".join(text.split())[:200]
    return ""
