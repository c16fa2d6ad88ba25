# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results of port_forward and port_forward_info. Pure, but for reads of the supervisors' files and processes."""

from __future__ import annotations

from dataclasses import replace

from ..errors import RunbookError
from ..workloads.logs import printable
from .folder import Folder, names_in
from .model import Forward, Record, Status
from .observe import is_running
from .options import InfoOptions
from .plan import Plan
from .printed import printed
from .run import Result


def report(result: Result) -> dict:
    """The result of a change, in check mode of the predicted one."""
    plan, record = result.plan, result.record
    statuses = record.statuses if record else tuple(Status(forward) for forward in plan.after)
    return {
        "changed": plan.is_change, "action": plan.action or "none", "reason": plan.reason, "pid": record.pid if record else None,
        "forwards": [printed(status) for status in statuses], "log": result.log, "msg": _summary(plan, statuses),
        "systemd_unit": result.unit,
    }  # fmt: skip


def _summary(plan: Plan, statuses: tuple[Status, ...]) -> str:
    if statuses:
        return "Forwards: " + ", ".join(str(status.forward) for status in statuses)
    return "The forwards end, and their files are removed." if plan.action else "There are no forwards of this name."


def diff(plan: Plan) -> dict:
    """The forwards before and after."""
    return {"before": _lines(plan.before), "after": _lines(plan.after)}


def info(options: InfoOptions) -> dict:
    """The supervisors of this user, or the one of that name. Raises RunbookError for a folder that is not this user's."""
    names = [one for one in names_in(options.state_dir) if options.name in ("", one)]
    supervisors = [_supervisor(Folder(options.state_dir, one), options.log_lines) for one in names]
    healthy = all(one["running"] and all(forward["healthy"] for forward in one["forwards"]) for one in supervisors)
    return {"healthy": healthy, "supervisors": supervisors}


def _supervisor(folder: Folder, log_lines: int) -> dict:
    record = folder.read()
    log = printable("\n".join(folder.log_lines(log_lines))).splitlines()
    if record is None:
        return {"name": folder.path.name, "running": False, "pid": None, "user": "", "since": "", "target": {}, "forwards": [], "log": log}
    running = _runs(record)
    return {
        "name": record.name, "running": running, "pid": record.pid if running else None, "user": record.user, "since": record.since,
        "target": record.target, "forwards": [printed(_now(status, running)) for status in record.statuses], "log": log,
    }  # fmt: skip


def _runs(record: Record) -> bool:
    try:
        return is_running(record)
    except RunbookError:
        return False


def _now(status: Status, running: bool) -> Status:
    return status if running else replace(status, healthy=False, problem="its supervisor has ended")


def _lines(forwards: tuple[Forward, ...]) -> str:
    return "".join(f"{forward}\n" for forward in sorted(forwards, key=str))
