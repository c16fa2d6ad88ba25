# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an API server cannot be used, and the next step for each reason: one table."""

from __future__ import annotations

from .plan import ClusterTarget

# reason: (description, next step for a Minikube profile, next step for another cluster)
START = "Check its state and start it: {minikube} status, then {minikube} start."
CHECK = "Check the server's address and the network, or contact the cluster's operator."
REASONS = {
    "refused": ("nothing listens there (connection refused): the cluster is stopped or deleted", START, CHECK),
    "unreachable": ("no route to host: the cluster is stopped or deleted, or the network is down", START, CHECK),
    "timeout": ("no connection within {timeout} s: the cluster is stopped or deleted, or the network does not reach it", START, CHECK),
    "read_timeout": ("connected, but no response within {timeout} s: the API server hangs", START, CHECK),
    "reset": ("the connection was closed before a response: the API server is starting or stopping", START, CHECK),
    "dns": ("its host name cannot be resolved (DNS)", START, CHECK),
    "certificate": (
        "its certificate is not trusted: another cluster responds there, or this one was recreated after the kubeconfig was written",
        "Update the kubeconfig: {minikube} update-context. If that does not help: {minikube} delete, then {minikube} start.",
        "Get the kubeconfig of this cluster again.",
    ),
    "credentials": (
        "the credentials in the kubeconfig cannot be used",
        "Write them again: {minikube} start.",
        "Get the kubeconfig of this cluster again, and check that the files in it exist.",
    ),
    "unauthorized": (
        "it does not accept this user's credentials (401)",
        "Update the kubeconfig: {minikube} update-context.",
        "Log in again, or get new credentials for this cluster.",
    ),
    "forbidden": (
        "this user is not allowed to read its version (403)",
        "Use Minikube's own user.",
        "Request access to this cluster.",
    ),
    "not_ready": ("it responds, but is not ready", START, CHECK),
    "other": ("the request failed", START, CHECK),
}


def failure_message(reason: str, target: ClusterTarget, timeout: int, detail: str = "") -> str:
    """Which cluster cannot be used, why, and the next step."""
    description, minikube_step, step = REASONS[reason]
    step = minikube_step if target.is_minikube else step
    details = f" ({detail})" if detail else ""
    values = {"timeout": timeout, "minikube": target.minikube if target.is_minikube else ""}
    return f"The API server of {target} cannot be used: {description.format(**values)}{details}. {step.format(**values)}"
