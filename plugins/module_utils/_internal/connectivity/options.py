# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of connectivity_probe."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RunbookError
from ..workloads.model import Workload


@dataclass(frozen=True)
class PublishOptions:
    """The event to publish. ``data``: None for the default; ``allow_subscribed``: publish even if an application is subscribed."""

    pubsub: str
    topic: str
    data: dict | None = None
    allow_subscribed: bool = False


@dataclass(frozen=True)
class ProbeOptions:
    """``container``: None for the application's own; ``timeout``: seconds for each request."""

    namespace: str
    workloads: tuple[Workload, ...]
    container: str | None = None
    all_pods: bool = False
    publish: PublishOptions | None = None
    timeout: int = 5

    @classmethod
    def of(cls, params: dict) -> ProbeOptions:
        """From the module's parameters. Raises RunbookError for values that are not usable."""
        if params["timeout"] < 1:
            raise RunbookError(f"timeout must be at least 1 second, got {params['timeout']}.")
        if not params["workloads"]:
            raise RunbookError("workloads must not be empty. Name at least one workload, for example {kind: Deployment, name: backend-api}.")
        return cls(
            namespace=params["namespace"], workloads=tuple(Workload(item["kind"], item["name"]) for item in params["workloads"]),
            container=params["container"], all_pods=params["all_pods"], timeout=params["timeout"],
            publish=PublishOptions(**params["publish"]) if params["publish"] else None,
        )
