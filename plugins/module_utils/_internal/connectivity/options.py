# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of connectivity_probe."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RunbookError
from ..workloads.model import WORKLOAD_KINDS, Workload
from .network.model import NetworkTarget
from .network.options import targets_of

WORKLOAD = {
    "kind": {"type": "str", "choices": list(WORKLOAD_KINDS), "required": True},
    "name": {"type": "str", "required": True},
}


@dataclass(frozen=True)
class PublishOptions:
    """The event to publish. ``data``: None for the default; ``allow_subscribed``: publish even if an application is subscribed."""

    pubsub: str
    topic: str
    data: dict | None = None
    allow_subscribed: bool = False


@dataclass(frozen=True)
class ProbeOptions:
    """``container``: None for the application's own; ``timeout``: seconds for each request or connection.

    ``network``: what to connect to, None if connections are not checked.
    """

    namespace: str
    workloads: tuple[Workload, ...]
    container: str | None = None
    all_pods: bool = False
    publish: PublishOptions | None = None
    timeout: int = 5
    dapr: bool = True
    network: tuple[NetworkTarget, ...] | None = None

    @classmethod
    def of(cls, params: dict) -> ProbeOptions:
        """From the module's parameters. Raises RunbookError for values that are not usable."""
        require_timeout(params["timeout"])
        network = targets_of(params["targets"], params["database"])
        dapr = not network if params["dapr"] is None else params["dapr"]
        if params["publish"] and not dapr:
            raise RunbookError("publish needs the sidecar. Set dapr: true too.")
        return cls(
            namespace=params["namespace"], workloads=workloads_of(params["workloads"]), container=params["container"], all_pods=params["all_pods"],
            publish=PublishOptions(**params["publish"]) if params["publish"] else None, timeout=params["timeout"],
            dapr=dapr, network=network if network or not dapr else None,
        )  # fmt: skip


def require_timeout(seconds: int) -> None:
    """Raises RunbookError for a timeout that is not usable."""
    if seconds < 1:
        raise RunbookError(f"timeout must be at least 1 second, got {seconds}.")


def workloads_of(entries: list[dict]) -> tuple[Workload, ...]:
    """The option workloads. Raises RunbookError if it is empty."""
    if not entries:
        raise RunbookError("workloads must not be empty. Name at least one workload, for example {kind: Deployment, name: backend-api}.")
    return tuple(Workload(item["kind"], item["name"]) for item in entries)
