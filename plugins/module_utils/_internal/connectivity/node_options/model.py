# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A workload with Node.js as it was observed, and what is done about it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...clients.cluster.field_managers import NETWORK, env_owners, owned_env
from ...workloads.model import Workload
from ...workloads.node_options import VARIABLE
from ..network.model import Connection, NetworkProbe
from ..network.verdict import OF_NODE, Verdict

SET, REMOVE, NONE = "set", "remove", "none"


@dataclass(frozen=True)
class ObservedWorkload:
    """A workload. ``obj``: as the API sent it; the rest is what its container ``container`` sees, missing where that was not asked.

    ``candidates``: sets of flags, each of which is tried; ``trials``: their results, in the same order.
    """

    workload: Workload
    obj: dict = field(repr=False)
    container: str = ""
    probe: NetworkProbe | None = None
    verdicts: tuple[tuple[Connection, Verdict], ...] = ()
    candidates: tuple[tuple[str, ...], ...] = ()
    trials: tuple = ()

    @property
    def affected(self) -> list[int]:
        """The connections that NODE_OPTIONS can cure, by their index."""
        return [index for index, (_connection, verdict) in enumerate(self.verdicts) if verdict.cause in OF_NODE and verdict.problem]

    @property
    def entry(self) -> dict | None:
        """The entry of the container's environment in the pod template."""
        return next((item for item in self.spec.get("env") or [] if item["name"] == VARIABLE), None)

    @property
    def spec(self) -> dict:
        """The container in the pod template, {} where an admission controller adds it to the pods."""
        return next((item for item in self.obj["spec"]["template"]["spec"]["containers"] if item["name"] == self.container), {})

    @property
    def is_own(self) -> bool:
        """Whether only the cure's manager owns the entry."""
        return env_owners(self.obj["metadata"].get("managedFields"), self.container, VARIABLE) == {NETWORK}

    @property
    def own_containers(self) -> list[str]:
        """The containers with an entry of the cure."""
        return sorted(name for name, variable in owned_env(self.obj["metadata"].get("managedFields"), NETWORK) if variable == VARIABLE)


@dataclass(frozen=True)
class Cure:
    """What is done about a workload. ``flags``: those that cure it; ``value``: of NODE_OPTIONS; ``reason``: why nothing can be done, a sentence.

    ``present``: whether the entry is in the pod template after this, so that the pods get it with their next replacement.
    """

    workload: Workload
    namespace: str
    container: str = ""
    action: str = NONE
    flags: tuple[str, ...] = ()
    value: str = field(default="", repr=False)
    reason: str = ""
    present: bool = False
    former: str = field(default="", repr=False)  # the value before
    uid: str = ""

    def __str__(self) -> str:
        if self.action == SET:
            return f"set {' '.join(self.flags)} in {VARIABLE} of container {self.container} of {self.workload}"
        return f"remove {VARIABLE} that was set for the network from {self.workload}"
