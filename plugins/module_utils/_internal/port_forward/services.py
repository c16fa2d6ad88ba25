# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which port of which Service a forward leads to, and which pods are behind it. Pure."""

from __future__ import annotations

from ..errors import RunbookError
from .model import Forward
from .options import PortForwardOptions, Request

TCP = "TCP"
SERVICE_NAME = "kubernetes.io/service-name"  # the label by which an EndpointSlice belongs to a Service
MAX_NAMES = 20  # of existing Services in a message


def forwards_of(options: PortForwardOptions, services: list[dict], selected: list[dict]) -> tuple[Forward, ...]:
    """The requested forwards; ``services``: those of the namespace, ``selected``: those that the label selector selects. Raises RunbookError."""
    by_name = {service["metadata"]["name"]: service for service in services}
    made = [_requested(options, number, one, by_name) for number, one in enumerate(options.requests)]
    named = {one.service for one in options.requests}
    made += [_forward(options, Request(service["metadata"]["name"], "", None, "", 0), service, "label_selector")
             for service in selected if service["metadata"]["name"] not in named and _is_forwardable(service)]  # fmt: skip
    if not made:
        raise RunbookError(f"label_selector: {options.label_selector} selects no Service with pods in namespace {options.namespace}.")
    _require_distinct(made)
    return tuple(made)


def requests_of(checks: list[dict]) -> list[dict]:
    """Members of the option ``forwards`` for the Services of an application's health checks, each once; the checks of its address come first.

    A Service's last check is kept: that of the address only says that there is a page.
    """
    found = {(check["service"], str(check.get("port") or "")): check for check in checks}
    names = ("service", "port", "path", "status")
    return [{name: check[name] for name in names if check.get(name)} for check in found.values()]


def port_name(service: dict, port: int) -> str:
    """The name of a Service's port, "" where it has none: EndpointSlices know ports by it. Raises RunbookError."""
    return _entry(service, str(port), service["metadata"]["name"]).get("name") or ""


def ready_pods(slices: list[dict], name: str) -> list[tuple[str, int]]:
    """(pod, its port) of each ready endpoint for a port of a Service."""
    found = [
        (endpoint["targetRef"]["name"], port["port"])
        for one in slices for port in one.get("ports") or [] if (port.get("name") or "") == name and port.get("port")
        for endpoint in one.get("endpoints") or [] if _is_ready(endpoint)
    ]  # fmt: skip
    return list(dict.fromkeys(found))  # a Service with two IP families has two slices of the same pods


def _is_ready(endpoint: dict) -> bool:
    is_pod = (endpoint.get("targetRef") or {}).get("kind") == "Pod"
    return is_pod and (endpoint.get("conditions") or {}).get("ready") is not False


def _requested(options: PortForwardOptions, number: int, request: Request, by_name: dict[str, dict]) -> Forward:
    where, service = f"forwards[{number}]", by_name.get(request.service)
    if service is None:
        names = ", ".join(sorted(by_name)[:MAX_NAMES]) or "none"
        raise RunbookError(f"{where}.service: there is no Service {request.service} in namespace {options.namespace}. Its Services: {names}.")
    return _forward(options, request, service, where)


def _forward(options: PortForwardOptions, request: Request, service: dict, where: str) -> Forward:
    if not _is_forwardable(service):
        raise RunbookError(
            f"{where}.service: Service {request.service} has no selector, or is an ExternalName, so its endpoints are no pods, which alone can be "
            "forwarded to. Connect to its address directly."
        )
    port = _entry(service, request.port, where)["port"]
    local = port if request.local_port is None else request.local_port
    return Forward(request.service, options.namespace, port, options.address, local, request.path, request.status)


def _is_forwardable(service: dict) -> bool:
    spec = service["spec"]
    return bool(spec.get("selector")) and spec.get("type") != "ExternalName" and any(map(_is_tcp, spec.get("ports") or []))


def _is_tcp(port: dict) -> bool:
    return port.get("protocol", TCP) == TCP


def _entry(service: dict, wanted: str, where: str) -> dict:
    """The Service's port of that name or number, "" for the first one that is TCP."""
    ports = [port for port in service["spec"].get("ports") or [] if _is_tcp(port)]
    found = next((port for port in ports if wanted in ("", port.get("name"), str(port["port"]))), None)
    if found is None:
        known = ", ".join(f"{port['port']} ({port['name']})" if port.get("name") else str(port["port"]) for port in ports)
        raise RunbookError(f"{where}.port: Service {service['metadata']['name']} has no TCP port {wanted}. It has {known or 'none'}.")
    return found


def _require_distinct(forwards: list[Forward]) -> None:
    seen: dict[int, Forward] = {}
    for forward in forwards:
        other = seen.setdefault(forward.local_port, forward) if forward.local_port else forward
        if other is not forward:
            raise RunbookError(
                f"forwards: {other.target} and {forward.target} both need the local port {forward.local_port}. Set local_port of one of them, or 0 "
                "for a free port."
            )
