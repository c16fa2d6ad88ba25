# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at the Minikube profiles of this machine, and asks the API server of the chosen target for its version and nodes."""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.cluster import certificate_files
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import lacking
from ansible_collections.runbook.minikube.plugins.module_utils.target import kubeconfig
from ansible_collections.runbook.minikube.plugins.module_utils.target.plan import Target, choose
from ansible_collections.runbook.minikube.plugins.module_utils.target.reasons import explain

try:
    import kubernetes
    import kubernetes.dynamic
    import urllib3

    KUBERNETES_IMPORT_ERROR = None
except ImportError:
    KUBERNETES_IMPORT_ERROR = traceback.format_exc()

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True)
class Answer:
    """What the API server said. Node and runtime are None where nodes may not be listed or there is none."""

    kubernetes_version: str
    node: str | None = None
    node_address: str | None = None
    runtime: str | None = None
    nodes_forbidden: bool = False


def minikube_profiles(homes: list[str], environ: dict) -> dict[str, str]:
    """The profiles on this machine, each with the folder that Minikube calls its home."""
    found: dict[str, str] = {}
    for home in homes or [environ.get("MINIKUBE_HOME") or "~"]:
        for folder in (Path(home).expanduser(), Path(home).expanduser() / ".minikube"):
            for config in sorted(folder.glob("profiles/*/config.json")):
                found.setdefault(config.parent.name, str(folder))
    return found


def resolve(params: dict, environ: dict) -> Target:
    """The target that the options kubeconfig, context, allowed_contexts and minikube_homes name.

    Raises RunbookError where they name none that may be touched.
    """
    if kubeconfig.yaml is None:
        raise RunbookError(lacking(["yaml"]))
    profiles = minikube_profiles(params["minikube_homes"], environ)
    return choose(kubeconfig.load(params["kubeconfig"], environ), params["context"], params["allowed_contexts"], profiles, environ)


def ask(target: Target, timeout: int) -> Answer:
    """Asks the API server, within ``timeout`` seconds a question. Raises RunbookError with the cause and the next step."""
    if KUBERNETES_IMPORT_ERROR:
        raise RunbookError(lacking(["kubernetes"]), exception=KUBERNETES_IMPORT_ERROR)
    try:
        client = _client(target)
        version = kubernetes.client.VersionApi(client).get_code(_request_timeout=(timeout, timeout)).git_version
        return _with_node(version, client, timeout)
    except (kubernetes.config.ConfigException, kubernetes.client.exceptions.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
        kind = kind_of(error)
        message = explain(kind, target, timeout, _detail(kind, error))
        raise RunbookError(message, reason=kind, context=target.context, server=target.server) from error


def kind_of(error: BaseException) -> str:
    """The kind of a failure, a key of the table of reasons."""
    error = getattr(error, "reason", None) if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    status = getattr(error, "status", None)
    if isinstance(error, kubernetes.client.exceptions.ApiException):
        known = {0: "certificate", None: "certificate", 401: "unauthorized", 403: "forbidden"}
        return known.get(status, "not_ready" if status >= 500 else "other")
    if isinstance(error, urllib3.exceptions.NewConnectionError) and isinstance(error.__cause__, ConnectionRefusedError):
        return "refused"
    return next((kind for kinds, kind in _kinds() if isinstance(error, kinds)), "other")


def _kinds():
    """Exceptions by kind, the narrower ones first."""
    failures = urllib3.exceptions
    return (
        (failures.NameResolutionError, "no_name"),
        (failures.NewConnectionError, "unreachable"),
        (failures.ConnectTimeoutError, "timeout"),
        (failures.ReadTimeoutError, "hanging"),
        (failures.SSLError, "certificate"),
        (failures.ProtocolError, "reset"),
        ((kubernetes.config.ConfigException, OSError), "credentials"),
    )


def _client(target: Target):
    configuration = kubernetes.client.Configuration()
    configuration.retries = False
    folder = certificate_files.folder()
    kubernetes.config.load_kube_config(target.kubeconfig, target.context, configuration, persist_config=False, temp_file_path=folder)
    return kubernetes.client.ApiClient(configuration)


def _with_node(version: str, client, timeout: int) -> Answer:
    try:
        nodes = _nodes(client, timeout)
    except kubernetes.client.exceptions.ApiException as error:
        if error.status == 403:
            return Answer(version, nodes_forbidden=True)
        raise
    if not nodes:
        return Answer(version)
    node = min(nodes, key=lambda node: (CONTROL_PLANE not in (node["metadata"].get("labels") or {}), node["metadata"]["name"]))
    addresses = node["status"].get("addresses") or []
    address = next((entry["address"] for entry in addresses if entry["type"] == "InternalIP"), None)
    return Answer(version, node["metadata"]["name"], address, node["status"]["nodeInfo"]["containerRuntimeVersion"].partition(":")[0])


def _nodes(client, timeout: int) -> list[dict]:
    """The nodes as plain data: the client's own class for nodes would import that of every other kind, which takes half a second."""
    dynamic = kubernetes.dynamic.DynamicClient(client, discoverer=lambda *_arguments: None)
    return json.loads(dynamic.request("GET", "/api/v1/nodes", serialize=False, _request_timeout=(timeout, timeout)).data)["items"]


def _detail(kind: str, error: BaseException) -> str:
    """The library's own words where ours don't say it all; they hold no credential."""
    if kind == "unreachable" and isinstance(error.__cause__, OSError):
        return error.__cause__.strerror or ""
    if kind in ("certificate", "credentials", "other", "not_ready"):
        text = str(getattr(error, "reason", None) or error)
        return " ".join(text.split())[:200]
    return ""
