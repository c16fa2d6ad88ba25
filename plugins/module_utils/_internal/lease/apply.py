# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Acquires, renews and releases a lease in one of the stores."""

from __future__ import annotations

import time

from ..errors import RunbookError
from .identity import Holder, Host, is_running, process_start
from .plan import (
    BLOCKED,
    CONFLICT,
    TAKEN_OVER,
    Decision,
    LeaseRecord,
    LeaseRequest,
    decide_acquire,
    decide_release,
    holder_report,
    holder_text,
    taken_over,
)
from .report import LeaseResult
from .stored import WriteConflict

POLL_INTERVAL = 1.0  # seconds


def acquire(store, request: LeaseRequest, wait: int, check: bool) -> LeaseResult:
    """Acquires or renews the lease, waiting up to ``wait`` seconds for another holder. Raises RunbookError where that fails."""
    deadline = time.monotonic() + wait
    while True:
        record, version = store.read()
        decision = decide_acquire(record, request, store.now(), _is_running(record))
        if check:
            return _predicted(record, decision, store.label)
        if decision.record:
            if _written(store, decision, version):
                return LeaseResult(decision.action, record, decision.record, store.label)
            continue
        if decision.action != BLOCKED or time.monotonic() >= deadline:
            raise _refusal(store, decision, record, wait)
        time.sleep(POLL_INTERVAL)


def release(store, holder: Holder, check: bool) -> LeaseResult:
    """Releases the lease if this holder has it."""
    while True:
        record, version = store.read()
        decision = decide_release(record, holder, store.now())
        if check or not decision.record:
            return _predicted(record, decision, store.label)
        if _written(store, decision, version):
            return LeaseResult(decision.action, record, decision.record, store.label)


def _written(store, decision: Decision, version) -> bool:
    try:
        store.write(decision.record, version)
    except WriteConflict:
        return False
    return True


def _predicted(record: LeaseRecord, decision: Decision, label: str) -> LeaseResult:
    return LeaseResult(decision.action, record, decision.record or record, label)


def _is_running(record: LeaseRecord) -> bool | None:
    """None where that is not certain: the lease has to expire."""
    return is_running(record.holder, Host.this(), process_start) if record.holder else None


def _refusal(store, decision: Decision, record: LeaseRecord, wait: int) -> RunbookError:
    holder = holder_text(record)
    running = "That process is running on this host, so the lease does not expire. " if _is_running(record) else ""
    messages = {
        BLOCKED: f"Held by {holder} ({store.label}). {running}" + (f"It was not free within {wait} s. " if wait else "")
        + "Set a longer runbook_lock_wait (option wait, seconds) to wait for it. "
        f"If that run has certainly ended, release it: {store.force_hint}",
        TAKEN_OVER: taken_over(store.label, record),
        CONFLICT: f"Two inventory hosts of this run name the same application on the same cluster: the {store.label} is held for "
        f"{record.holder.inventory_host if record.holder else holder}. Remove one of them, or give each its own context.",
    }
    return RunbookError(messages[decision.action], action=decision.action, holder=holder_report(record))
