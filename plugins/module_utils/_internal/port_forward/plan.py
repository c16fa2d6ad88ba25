# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do about a supervisor. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import NOTHING_CHANGED, RunbookError
from .model import Forward
from .observe import Observed
from .options import ABSENT, RESTARTED, PortForwardOptions

START, RESTART, STOP, CLEAN_UP = "start", "restart", "stop", "clean_up"
LOCALHOST_ONLY = "Everyone who reaches this host can use {forward}, with no more than the application's own protection."


@dataclass(frozen=True)
class Plan:
    """``action``: one of START, RESTART, STOP, CLEAN_UP (files of a supervisor that has ended), or ""; ``reason``: why, as a sentence's end."""

    action: str
    reason: str
    before: tuple[Forward, ...]
    after: tuple[Forward, ...]
    warnings: tuple[str, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.action)


def make_plan(observed: Observed, options: PortForwardOptions) -> Plan:
    """The plan. Raises RunbookError where a port can't be used."""
    before = observed.served
    if options.state == ABSENT:
        action = STOP if observed.running else CLEAN_UP if observed.leftovers else ""
        return Plan(action, "the state absent was requested" if action else "", before, ())
    action, reason = _action(observed, options)
    if action and observed.refusals:
        raise RunbookError(" ".join([*observed.refusals.values(), NOTHING_CHANGED]))
    exposed = tuple(LOCALHOST_ONLY.format(forward=forward) for forward in observed.wanted if forward.is_exposed)
    after = observed.wanted if action else before
    return Plan(action, reason, before, after, (*exposed, *observed.hiding))


def _action(observed: Observed, options: PortForwardOptions) -> tuple[str, str]:
    record = observed.record
    if not observed.running or record is None:
        return START, "the supervisor had ended" if record else "there was no supervisor"
    if options.state == RESTARTED:
        return RESTART, "the state restarted was requested"
    if observed.hung:
        return RESTART, "the supervisor does not respond"
    if record.target != options.target:
        return RESTART, "it served another cluster or kubeconfig"
    if not _is_served(observed):
        return RESTART, "the forwards differ"
    if options.has_credentials and not any(status.healthy for status in record.statuses):
        return RESTART, "it does not work, and the options contain credentials, which may be new"
    return "", ""


def _is_served(observed: Observed) -> bool:
    """Whether the supervisor serves what is wanted, in any order."""
    return set(observed.wanted) == set(observed.served)
