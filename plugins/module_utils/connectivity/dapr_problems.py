# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a sidecar by the answers to its two health URLs, in sentences with a next step. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.dapr_pod import Daprd
from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import REFUSED, TIMED_OUT, Answer


def problem_of_health(daprd: Daprd, health: Answer, outbound: Answer) -> str:
    """The sentence for the answers of /v1.0/healthz and /v1.0/healthz/outbound, "" where both are good."""
    if health.failure == REFUSED:
        return _refused(daprd)
    if health.failure == TIMED_OUT:
        return _stuck(daprd)
    if health.status is None:
        return f"Dapr in {daprd.target.where} breaks the connection off ({health.detail}). Is port {daprd.http_port} daprd's? {_log_of(daprd)}"
    if not health.is_good and outbound.is_good:
        return _application(daprd, health)
    if not health.is_good:
        return (
            f"Dapr in {daprd.target.where} runs and is not ready (HTTP status {health.status}{_said(health)}): it has not initialised "
            f"its components yet, or does not reach the control plane. {_log_of(daprd)}"
        )
    if outbound.failure == TIMED_OUT:
        return _stuck(daprd)
    if not outbound.is_good:
        why = f"HTTP status {outbound.status}" if outbound.status is not None else outbound.detail
        return f"Dapr in {daprd.target.where} is ready for its application, but not for what that sends ({why}). {_log_of(daprd)}"
    return ""


def _refused(daprd: Daprd) -> str:
    state = f" (its container: {daprd.state})" if daprd.state else ""
    return (
        f"Dapr in {daprd.target.where} does not listen at port {daprd.http_port}: connection refused{state}. daprd is starting, or waits for the "
        f"control plane; see with runbook.minikube.dapr_info whether that serves. {_log_of(daprd)}"
    )


def _stuck(daprd: Daprd) -> str:
    return (
        f"Dapr in {daprd.target.where} is stuck: port {daprd.http_port} takes connections, and no answer comes. Its liveness probe "
        "may pass all the same, so nobody restarts it. The playbook recover_dapr.yml re-creates the pod."
    )


def _application(daprd: Daprd, health: Answer) -> str:
    port = f"its app-port {daprd.app_port}" if daprd.app_port else "its app-port"
    return (
        f"Dapr in {daprd.target.where} runs, but its application does not listen at {port}, or not yet "
        f"(HTTP status {health.status}{_said(health)}). Look at the application: "
        f"kubectl logs -n {daprd.target.namespace} {daprd.target.pod} -c {daprd.target.container}"
    )


def _said(health: Answer) -> str:
    text = " ".join(health.body.split())
    return f", {text[:200]}" if text else ""


def _log_of(daprd: Daprd) -> str:
    return f"Look at its log: kubectl logs -n {daprd.target.namespace} {daprd.target.pod} -c daprd"
