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
        names = ("state", "duration", "wait", "renew", "scope", "name", "namespace", "lock_file")
        return cls(**{name: params[name] for name in names}, holder=_holder_of(params), kubectl=kubectl_command(params))


@dataclass(frozen=True)
class GuardOptions:
    """The run that a module writes for, and the Lease that it holds; ``name`` is "" without one."""

    holder: Holder
    name: str
    namespace: str

    @classmethod
    def of(cls, params: dict) -> GuardOptions | None:
        """None without a holder, so where the module was not started by its action plugin. Raises RunbookError."""
        if not params.get("holder"):
            return None
        lease = params.get("lease") or {}
        return cls(_holder_of(params), lease.get("name") or "", lease.get("namespace") or "default")


def _holder_of(params: dict) -> Holder:
    try:
        return Holder.from_dict(params["holder"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunbookError("The holder is missing. Use this module as a task: its action plugin adds the holder.") from error


def kubectl_command(params: dict) -> str:
    """kubectl with the connection options, as typed in a shell."""
    flags = [f"--{name} {params[name]}" for name in ("kubeconfig", "context") if params[name] and isinstance(params[name], str)]
    return " ".join(["kubectl", *flags])
