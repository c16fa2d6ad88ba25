# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why an API server does not answer as it should, and what to do about it: one table."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.target.plan import Target

# kind: (what is the matter, what to do where it is Minikube's, what to do otherwise)
START = "See what it says and start it: {minikube} status, then {minikube} start."
ASK = "Check the server's address and the network, or who runs this cluster."
REASONS = {
    "refused": ("nothing listens there (connection refused), so the cluster is stopped or gone", START, ASK),
    "unreachable": ("no way leads there, so the cluster is stopped or gone, or the network is down", START, ASK),
    "timeout": ("no answer within {timeout} s, so the cluster is stopped or gone, or the network does not lead there", START, ASK),
    "hanging": ("the connection stands, but no answer came within {timeout} s, so the API server hangs", START, ASK),
    "reset": ("the connection was cut off before an answer, so the API server is just starting or stopping", START, ASK),
    "no_name": ("its host name is unknown here (DNS)", START, ASK),
    "certificate": (
        "its certificate can't be trusted: another cluster answers there, or this one was made anew since the kubeconfig was written",
        "Write the kubeconfig anew: {minikube} update-context; if that does not help: {minikube} delete, then start.",
        "Get the kubeconfig of this cluster again.",
    ),
    "credentials": (
        "the kubeconfig's credentials can't be used",
        "Write them anew: {minikube} start.",
        "Get the kubeconfig of this cluster again, and see that the files it names are there.",
    ),
    "unauthorized": (
        "it does not know this user (401)",
        "Write the kubeconfig anew: {minikube} update-context.",
        "Log in again, or get new credentials for this cluster.",
    ),
    "forbidden": (
        "it knows this user but forbids even to ask for its version (403)",
        "Use Minikube's own user.",
        "Ask for access to this cluster.",
    ),
    "not_ready": ("it answers, but is not ready to work", START, ASK),
    "other": ("it can't be asked", START, ASK),
}


def explain(kind: str, target: Target, timeout: int, detail: str = "") -> str:
    """The sentence for a person: which cluster, what is the matter, and the next step."""
    matter, minikube_step, step = REASONS[kind]
    step = minikube_step if target.is_minikube else step
    said = f" ({detail})" if detail else ""
    words = {"timeout": timeout, "minikube": target.minikube if target.is_minikube else ""}
    return f"The API server of {target} fails: {matter.format(**words)}{said}. {step.format(**words)}"
