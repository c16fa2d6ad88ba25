# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a sidecar by the answers of its two health endpoints, as sentences with a next step. Pure."""

from __future__ import annotations

from ..workloads.daprd import LIVENESS_NOTE, READY, STUCK
from .daprd import Daprd
from .model import REFUSED, HttpResponse


def health_problem(daprd: Daprd, health: HttpResponse, outbound: HttpResponse) -> str:
    """The sentence for the responses of /v1.0/healthz and /v1.0/healthz/outbound, "" if both are successful."""
    where = f"Dapr in {daprd.target.description}"
    if health.failure == REFUSED:
        return _refused(daprd)
    if health.daprd_health == STUCK:
        return _stuck(daprd)
    if health.status is None:
        return f"{where} closed the connection ({health.detail}). Check that port {daprd.http_port} is daprd's. {_log_hint(daprd)}"
    if health.daprd_health != READY and outbound.daprd_health == READY:
        return _application_problem(daprd, health)
    if health.daprd_health != READY:
        return (
            f"{where} is running, but not ready (HTTP status {health.status}{_body(health)}): it has not initialized its components yet, "
            f"or cannot reach the control plane. {_log_hint(daprd)}"
        )
    if outbound.daprd_health == STUCK:
        return _stuck(daprd)
    if outbound.daprd_health != READY:
        reason = f"HTTP status {outbound.status}" if outbound.status is not None else outbound.detail
        return f"{where} is ready for requests to its application, but not for requests from it ({reason}). {_log_hint(daprd)}"
    return ""


def _refused(daprd: Daprd) -> str:
    state = f" (its container: {daprd.not_running})" if daprd.not_running else ""
    return (
        f"Dapr in {daprd.target.description} does not listen on port {daprd.http_port}: connection refused{state}. daprd is starting, or waits for "
        f"the control plane; check with runbook.minikube.dapr_info whether that is ready. {_log_hint(daprd)}"
    )


def _stuck(daprd: Daprd) -> str:
    return (
        f"Dapr in {daprd.target.description} is stuck: port {daprd.http_port} accepts connections, but does not answer; "
        f"{LIVENESS_NOTE}. Recreate the pod with the playbook recover_dapr.yml."
    )


def _application_problem(daprd: Daprd, health: HttpResponse) -> str:
    port = f"its app-port {daprd.app_port}" if daprd.app_port else "its app-port"
    return (
        f"Dapr in {daprd.target.description} is running, but its application does not listen on {port}, or not yet "
        f"(HTTP status {health.status}{_body(health)}). See the application's log: "
        f"kubectl logs -n {daprd.target.namespace} {daprd.target.pod} -c {daprd.target.container}"
    )


def _body(response: HttpResponse) -> str:
    text = " ".join(response.body.split())
    return f", {text[:200]}" if text else ""


def _log_hint(daprd: Daprd) -> str:
    return f"See its log: kubectl logs -n {daprd.target.namespace} {daprd.target.pod} -c daprd"
