# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of nodejs_network_options."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import RunbookError
from ...workloads.model import Workload
from ..network.model import NetworkTarget
from ..network.options import targets_of
from ..options import require_timeout, workloads_of

PRESENT, ABSENT = "present", "absent"


@dataclass(frozen=True)
class CureOptions:
    """``targets``: what has to be reached; ``container``: None for the application's own; ``timeout``: seconds for each connection."""

    namespace: str
    workloads: tuple[Workload, ...]
    state: str = PRESENT
    container: str | None = None
    targets: tuple[NetworkTarget, ...] = ()
    timeout: int = 5

    @classmethod
    def of(cls, params: dict) -> CureOptions:
        """From the module's parameters. Raises RunbookError for values that are not usable."""
        require_timeout(params["timeout"])
        targets = targets_of(params["targets"], params["database"])
        if params["state"] == PRESENT and not targets:
            raise RunbookError("targets and database are both missing. Name what the workloads cannot reach, for example database: {env: DATABASE_URL}.")
        return cls(
            namespace=params["namespace"], workloads=workloads_of(params["workloads"]), state=params["state"], container=params["container"],
            targets=targets, timeout=params["timeout"],
        )  # fmt: skip
