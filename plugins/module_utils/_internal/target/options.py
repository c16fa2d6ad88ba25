# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module target_info, which app_drift_info takes too."""

from __future__ import annotations

from dataclasses import dataclass

ALLOWED = {
    "allowed_contexts": {"type": "list", "elements": "str", "default": []},
    "minikube_homes": {"type": "list", "elements": "path", "default": []},
}


@dataclass(frozen=True)
class TargetOptions:
    """The requested cluster. Empty options mean the kubeconfig of the environment, no context, and Minikube's default home."""

    kubeconfig: str | None
    context: str | None
    allowed_contexts: tuple[str, ...]
    minikube_homes: tuple[str, ...]

    @classmethod
    def of(cls, params: dict) -> TargetOptions:
        """The options in a module's params."""
        return cls(params["kubeconfig"], params["context"], tuple(params["allowed_contexts"]), tuple(params["minikube_homes"]))
