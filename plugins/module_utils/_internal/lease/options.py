# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module lease as a typed object."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RunbookError
from .identity import Holder

HELD, RELEASED = "held", "released"
CLUSTER, PROFILE = "cluster", "profile"
MINIMUM = {"duration": 1, "wait": 0}  # seconds


@dataclass(frozen=True)
class LeaseOptions:
    """The requested state, for which holder. ``kubectl``: the command with the connection of this task, for messages."""

    state: str
    holder: Holder
    duration: int
    wait: int = 0
    renew: bool = False
    scope: str = CLUSTER
    name: str = ""
    namespace: str = ""
    lock_file: str = ""
    kubectl: str = "kubectl"

    @classmethod
    def of(cls, params: dict) -> LeaseOptions:
        """Raises RunbookError for options that are out of range, and without a holder."""
        for name, minimum in MINIMUM.items():
            if params[name] < minimum:
                raise RunbookError(f"The option {name} must be at least {minimum} (seconds), got {params[name]}.")
        try:
            holder = Holder.from_dict(params["holder"])
        except (KeyError, TypeError, ValueError) as error:
            raise RunbookError("The holder is missing. Use runbook.minikube.lease as a task: its action plugin adds the holder.") from error
        names = ("state", "duration", "wait", "renew", "scope", "name", "namespace", "lock_file")
        return cls(**{name: params[name] for name in names}, holder=holder, kubectl=kubectl_command(params))


def kubectl_command(params: dict) -> str:
    """kubectl with the connection options, as typed in a shell."""
    flags = [f"--{name} {params[name]}" for name in ("kubeconfig", "context") if params[name] and isinstance(params[name], str)]
    return " ".join(["kubectl", *flags])
