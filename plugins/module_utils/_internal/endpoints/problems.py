# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a Service has no ready endpoint, and why its ports do not answer. Pure: no cluster is asked."""

from __future__ import annotations

import ipaddress

from ..clients.cluster.pods import is_active, is_ready
from ..workloads.model import WORKLOAD_KINDS
from .model import EXTERNAL, HEADLESS, IN_CLUSTER, NO_ENDPOINTS, NODE_PORT, READY, Answer, Observed, PortStatus, Problem, ServiceStatus
from .pods import ended_clause, no_pods_clause, not_ready_clause, selected_pods, selected_workloads
from .ports import container_port, declared_text, ports_of
from .selectors import labels_of, matches, nearest, own_labels, text_of

INTERNAL_NAME = ".svc"  # what names of Services in the cluster's DNS contain


def status_of(service: dict, observed: Observed) -> ServiceStatus:
    """The status of a Service by its objects alone."""
    spec, name = service["spec"], service["metadata"]["name"]
    kind, address, selector = spec.get("type", "ClusterIP"), spec.get("clusterIP") or "", spec.get("selector") or {}
    if kind == "ExternalName":
        note = f"Service {name} is an ExternalName: it has no endpoints, and its DNS name is an alias of {spec.get('externalName', '')}."
        return ServiceStatus(name, kind, "", {}, EXTERNAL, (), tuple(_external_problems(service, observed)), (note,))
    pods = selected_pods(observed, selector)
    ports = ports_of(service, observed.slices, pods)
    without = [port for port in ports if not port.ready]
    problems = [_no_endpoint(service, pods, without, observed)] if without else []
    return ServiceStatus(name, kind, address, selector, NO_ENDPOINTS if without else READY, ports, tuple(problems), tuple(_notes(service)))


def answer_problems(status: ServiceStatus, answers: dict[int, tuple[Answer, ...]], pods: list[dict], node_address: str) -> list[Problem]:
    """What is wrong with ports that have a ready endpoint. ``answers``: by the number of the port."""
    problems = []
    for port in status.ports:
        by_place = {answer.where: answer for answer in answers.get(port.number or 0, ())}
        inside, outside = by_place.get(IN_CLUSTER), by_place.get(NODE_PORT)
        if inside and not inside.answers:
            problems.append(_not_listening(status, port, inside, pods))
        elif outside and not outside.answers:
            problems.append(_node_port_problem(status, port, outside, node_address))
    return problems


def _no_endpoint(service: dict, pods: list[dict], ports: list[PortStatus], observed: Observed) -> Problem:
    selector = service["spec"].get("selector") or {}
    active = [pod for pod in pods if is_active(pod)]
    if not selector:
        hint = "Set spec.selector to the labels of its pods, or create the EndpointSlices of the addresses that it stands for."
        return _problem(service, ports, "no_selector", "it has no selector, and nothing else has given it endpoints", hint)
    if not pods:
        return _no_pods(service, ports, observed)
    if not active:
        return _problem(service, ports, "pods_ended", *ended_clause(pods))
    if not any(map(is_ready, active)):
        return _problem(service, ports, "pods_not_ready", *not_ready_clause(active, observed))
    return _ready_pods(service, active, ports)


def _no_pods(service: dict, ports: list[PortStatus], observed: Observed) -> Problem:
    """The selector matches no pod."""
    selector, namespace = service["spec"]["selector"], service["metadata"]["namespace"]
    workloads = selected_workloads(observed, selector)
    if workloads:
        return _problem(service, ports, *no_pods_clause(*workloads[0], observed))
    matching = [pod for pod in observed.elsewhere or [] if matches(selector, pod.get("labels") or {})]
    if matching:
        where = ", ".join(sorted({pod["namespace"] for pod in matching}))
        clause = f"its selector {text_of(selector)} matches no pod in namespace {namespace}, but pods in namespace {where}"
        hint = "A Service selects pods of its own namespace only: create it there, or let this one be an ExternalName of that one."
        return _problem(service, ports, "another_namespace", clause, hint)
    return _problem(service, ports, "selector_matches_no_pod", *_nearest_clause(selector, namespace, observed))


def _nearest_clause(selector: dict, namespace: str, observed: Observed) -> tuple[str, str]:
    workloads = {f"{kind} {obj['metadata']['name']}": labels_of(obj["spec"]["template"]) for kind in WORKLOAD_KINDS for obj in observed.observation.of(kind)}
    pods = {f"Pod {pod['metadata']['name']}": labels_of(pod) for pod in observed.observation.of("Pod")}
    owned = [own_labels(labels) for labels in workloads.values()]
    near = nearest(selector, {**workloads, **{name: labels for name, labels in pods.items() if own_labels(labels) not in owned}})
    clause = f"its selector {text_of(selector)} matches no pod in namespace {namespace}"
    unsearched = "; other namespaces could not be searched, as listing their pods is not allowed" if observed.elsewhere is None else ""
    if near:
        clause += f"; the nearest labels are {text_of(near[1])} of {near[0]}"
    hint = "Correct spec.selector of the Service, or the labels in the pod template." if near else "Create the pods, or correct spec.selector."
    return clause + unsearched, hint


def _ready_pods(service: dict, pods: list[dict], ports: list[PortStatus]) -> Problem:
    """Pods are ready, and yet the Service has no endpoint."""
    unknown = [port for port in ports if isinstance(port.target, str) and all(container_port(pod, port) is None for pod in pods)]
    if unknown:
        named = ", ".join(f"{port.target} ({port.protocol})" for port in unknown)
        clause = f"no container of its pods has a port named {named}; they declare {declared_text(pods)}"
        hint = "Correct targetPort in the Service, or name the port in the pod template (containers[].ports[].name)."
        return _problem(service, ports, "target_port_not_found", clause, hint)
    clause = f"no EndpointSlice has its ready pods ({', '.join(pod['metadata']['name'] for pod in pods)})"
    return _problem(service, ports, "endpoints_outdated", clause, "Check that kube-controller-manager runs: kubectl get pods -n kube-system.")


def _not_listening(status: ServiceStatus, port: PortStatus, answer: Answer, pods: list[dict]) -> Problem:
    summary = (
        f"Service {status.name} has a ready endpoint for port {port.number}, but its pods do not answer at targetPort {port.target}: {answer.detail}. "
        f"Their containers declare the ports {declared_text(pods)}."
    )
    hint = "Correct targetPort, or let the application listen on that port at 0.0.0.0, not only at 127.0.0.1."
    return Problem(status.name, "target_port_not_listening", summary, hint)


def _node_port_problem(status: ServiceStatus, port: PortStatus, answer: Answer, node_address: str) -> Problem:
    summary = f"NodePort {port.node_port} of Service {status.name} does not answer at {node_address}: {answer.detail}."
    hint = "Check kube-proxy and firewalls. Where nodes cannot be reached from here, as with Docker Desktop, forward a port: kubectl port-forward "
    return Problem(status.name, "node_port_unreachable", summary, f"{hint}service/{status.name} {port.number}.")


def _external_problems(service: dict, observed: Observed) -> list[Problem]:
    name, target = service["metadata"]["name"], (service["spec"].get("externalName") or "").rstrip(".")
    head = f"Service {name} is an ExternalName of {target}, "
    if _is_address(target):
        summary = f"{head}which is an IP address: DNS has no alias of an address, so the name does not resolve."
        hint = "Use a Service without a selector, and an EndpointSlice with that address."
        return [Problem(name, "external_name_is_address", summary, hint)]
    other, _dot, rest = target.partition(".")
    namespace = rest.partition(".")[0]
    known = {item["metadata"]["name"] for item in observed.services}
    if INTERNAL_NAME in target and namespace == service["metadata"]["namespace"] and other not in known:
        hint = f"Correct spec.externalName. Services in namespace {namespace}: {', '.join(sorted(known - {name})) or 'none'}."
        return [Problem(name, "external_name_not_found", f"{head}but Service {other} does not exist in namespace {namespace}.", hint)]
    return []


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _notes(service: dict) -> list[str]:
    name = service["metadata"]["name"]
    if service["spec"].get("clusterIP") != HEADLESS:
        return []
    return [f"Service {name} is headless: it has no address of its own, and its DNS name resolves to the addresses of its ready pods."]


def _problem(service: dict, ports: list[PortStatus], category: str, clause: str, hint: str) -> Problem:
    """``ports``: those without a ready endpoint, named if the Service has others."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    declared = service["spec"].get("ports") or []
    which = f" for port {', '.join(str(port.number) for port in ports)}" if len(ports) < len(declared) else ""
    headless = "Headless Service" if service["spec"].get("clusterIP") == HEADLESS else "Service"
    return Problem(name, category, f"{headless} {name} in namespace {namespace} has no ready endpoint{which}, because {clause}.", hint)
