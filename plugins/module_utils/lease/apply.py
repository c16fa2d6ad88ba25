# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes, renews and releases a lease in one of the stores."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.lease import plan
from ansible_collections.runbook.minikube.plugins.module_utils.lease.identity import CannotTell, Holder, Machine, is_gone, process_start
from ansible_collections.runbook.minikube.plugins.module_utils.lease.plan import (
    Decision,
    Record,
    Request,
    decide_hold,
    decide_release,
    describe,
    sentence,
)
from ansible_collections.runbook.minikube.plugins.module_utils.lease.stores import Conflict

POLL = 1.0  # seconds between two looks at a lease that another holds


@dataclass(frozen=True)
class Outcome:
    """What was done, with the record before and after."""

    action: str
    before: Record
    after: Record
    place: str

    def report(self) -> dict:
        """The module's result."""
        return {
            "changed": self.action in (plan.ACQUIRED, plan.RENEWED, plan.REPLACED, plan.RELEASED),
            "action": self.action,
            "holder": describe(self.after),
            "previous": describe(self.before) if self.action == plan.REPLACED else None,
            "msg": f"{self.place}: {self.action}, held by {sentence(self.after)}",
            "diff": {"before": f"{self.place} held by {_who(self.before)}\n", "after": f"{self.place} held by {_who(self.after)}\n"},
        }


def hold(store, request: Request, wait: int, check: bool) -> Outcome:
    """Holds the lease, waiting up to ``wait`` seconds for another holder. Raises RunbookError where it can't be had."""
    deadline = time.monotonic() + wait
    while True:
        record, version = store.read()
        now = _now()
        decision = decide_hold(record, request, now, _is_gone(record))
        if check:
            return _predicted(record, decision, store.place)
        if decision.record:
            if _written(store, decision, version):
                return Outcome(decision.action, record, decision.record, store.place)
            continue
        if decision.action != plan.BLOCKED or time.monotonic() >= deadline:
            raise _refusal(store, decision, record, wait)
        time.sleep(POLL)


def release(store, holder: Holder, check: bool) -> Outcome:
    """Releases the lease if this holder has it."""
    while True:
        record, version = store.read()
        decision = decide_release(record, holder, _now())
        if check or not decision.record:
            return _predicted(record, decision, store.place)
        if _written(store, decision, version):
            return Outcome(decision.action, record, decision.record, store.place)


def _written(store, decision: Decision, version) -> bool:
    try:
        store.write(decision.record, version)
    except Conflict:
        return False
    return True


def _predicted(record: Record, decision: Decision, place: str) -> Outcome:
    after = decision.record or record
    return Outcome(decision.action, record, after, place)


def _is_gone(record: Record) -> bool:
    """Where that can't be told nothing is concluded, and the holder's time has to run out."""
    try:
        return record.holder is not None and is_gone(record.holder, Machine.this(), process_start)
    except CannotTell:
        return False


def _refusal(store, decision: Decision, record: Record, wait: int) -> RunbookError:
    who = sentence(record)
    messages = {
        plan.BLOCKED: f"Held by {who} ({store.place}). " + (f"It was not free within {wait} s. " if wait else "")
        + f"Wait for it with a larger runbook_lock_wait (option wait, seconds), or, once that run is certainly over: {store.force_hint}",
        plan.LOST: f"This run no longer holds the {store.place}: it is held by {who}. The run stops here, so that two never change "
        "the same application. See what the other one did, then run again.",
        plan.TWICE: f"Two inventory hosts of this run name the same application on the same cluster: the {store.place} is held for "
        f"{record.holder.inventory_host if record.holder else who}. Remove one of them, or give each its own context.",
    }
    return RunbookError(messages[decision.action], action=decision.action, holder=describe(record))


def _who(record: Record) -> str:
    """Without times, so that a renewal shows no difference."""
    return record.identity or "nobody"


def _now() -> datetime:
    return datetime.now(timezone.utc)
