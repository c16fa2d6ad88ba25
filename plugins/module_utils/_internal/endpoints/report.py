# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What service_endpoints_info returns. Pure."""

from __future__ import annotations

from .model import EXTERNAL, HEADLESS, Answer, PortStatus, ServiceStatus
from .selectors import text_of


def report(statuses: list[ServiceStatus]) -> dict:
    """The module's result."""
    problems = [problem for status in statuses for problem in status.problems]
    return {
        "services": [_service_data(status) for status in statuses],
        "healthy": not problems,
        "problems": [{"service": one.service, "category": one.category, "message": one.summary, "hint": one.hint} for one in problems],
        "summary": [*map(_line, statuses), *map(str, problems)] or ["The namespace has no Service."],
    }


def _service_data(status: ServiceStatus) -> dict:
    return {
        "name": status.name, "type": status.type, "cluster_ip": status.cluster_ip, "selector": status.selector, "state": status.state,
        "ports": [_port_data(port, status.answers.get(port.number or 0, ())) for port in status.ports], "notes": list(status.notes),
    }


def _port_data(port: PortStatus, answers: tuple[Answer, ...]) -> dict:
    return {
        "port": port.number, "name": port.name, "protocol": port.protocol, "target_port": port.target, "node_port": port.node_port,
        "endpoints": [{"address": str(one), "pod": one.target, "ready": one.ready} for one in port.endpoints],
        "answers": [{"where": one.where, "url": one.url, "answers": one.answers, "status": one.status, "detail": one.detail} for one in answers],
    }


def _line(status: ServiceStatus) -> str:
    """A Service in one line, as ``kubectl get svc`` and ``kubectl get endpoints`` together show it."""
    if status.state == EXTERNAL:
        return " ".join(status.notes)
    head = f"{status.name} ({status.type}, {'headless' if status.cluster_ip == HEADLESS else status.cluster_ip})"
    ports = "; ".join(_port_text(port, status.answers.get(port.number or 0, ())) for port in status.ports)
    selector = f", selector {text_of(status.selector)}" if status.selector else ""
    return f"{head}{selector}: {ports}."


def _port_text(port: PortStatus, answers: tuple[Answer, ...]) -> str:
    node_port = f" (NodePort {port.node_port})" if port.node_port else ""
    endpoints = ", ".join(f"{one}{f' of {one.target}' if one.target else ''}" for one in port.ready) or "no ready endpoint"
    said = "".join(f", {_answer_text(answer)}" for answer in answers)
    return f"{f'port {port.number}' if port.number else 'all ports'}{node_port} -> {endpoints}{said}"


def _answer_text(answer: Answer) -> str:
    if not answer.answers:
        return f"{answer.url} does not answer"
    return f"{answer.url} answers" + (f" with HTTP status {answer.status}" if answer.status else "")
