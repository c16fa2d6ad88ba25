# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of port_forward: observe, plan, apply, verify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..clients.cluster.client import Cluster
from .apply import apply, command, environment, verify
from .folder import Folder
from .model import Record
from .observe import observe
from .options import ABSENT, PortForwardOptions
from .plan import Plan, make_plan
from .unit import unit_of


@dataclass(frozen=True)
class Result:
    """What was done, in check mode what would be. ``record``: of the running supervisor, None without one; ``log``: the path of its log;
    ``unit``: the systemd unit that would start it.
    """

    plan: Plan
    record: Record | None
    log: str
    unit: str = ""


def run(get_cluster: Callable[[], Cluster], options: PortForwardOptions, check_mode: bool) -> Result:
    """Raises RunbookError."""
    folder = Folder(options.state_dir, options.name)
    if check_mode or options.state == ABSENT and not folder.root.exists():
        observed = observe(get_cluster, options, folder)
        plan = make_plan(observed, options)
        return Result(plan, observed.record if plan.after == plan.before and observed.running else None, _log(folder, options))
    with folder.lock():
        observed = observe(get_cluster, options, folder)
        plan = make_plan(observed, options)
        apply(plan, options, folder, observed.record)
    if options.state == ABSENT:
        return Result(plan, None, "")
    return Result(plan, verify(options, folder), str(folder.log), unit_of(folder, command(folder), environment()))


def _log(folder: Folder, options: PortForwardOptions) -> str:
    return "" if options.state == ABSENT else str(folder.log)
