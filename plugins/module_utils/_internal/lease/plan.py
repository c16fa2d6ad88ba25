# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decides who gets the lease. Pure: the stored record, the request and the time in; a decision out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

from .identity import Holder

ACQUIRED, RENEWED, REPLACED, RELEASED = "acquired", "renewed", "replaced", "released"  # the record is written
BLOCKED, TAKEN_OVER, CONFLICT, UNCHANGED = "blocked", "taken_over", "conflict", "unchanged"  # it is not


@dataclass(frozen=True)
class LeaseRecord:
    """A lease as it is stored. ``identity`` is None where nobody holds it; ``holder`` is None for a holder of another tool."""

    identity: str | None = None
    holder: Holder | None = None
    acquired: datetime | None = None
    renewed: datetime | None = None
    duration: int = 0  # seconds
    transitions: int = 0

    @property
    def expires(self) -> datetime | None:
        """When it expires."""
        since = self.renewed or self.acquired
        return since + timedelta(seconds=self.duration) if since else None

    def expired(self, now: datetime) -> bool:
        """Whether it has expired; a lease without a time never does."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True)
class LeaseRequest:
    """A request for the lease: ``renew`` fails unless it is held already."""

    holder: Holder
    duration: int
    renew: bool = False


@dataclass(frozen=True)
class Decision:
    """The action, and the record to write (None: nothing is written)."""

    action: str
    record: LeaseRecord | None = None


def decide_acquire(record: LeaseRecord, request: LeaseRequest, now: datetime, running: bool | None) -> Decision:
    """Decides about acquiring or renewing. ``running``: whether the holder's process runs; None where that is not certain.

    The lease of a process that is seen running never expires: a suspended host, or a step of hours, does not end its run.
    """
    if record.holder and record.holder.same(request.holder):
        return Decision(RENEWED, dataclasses.replace(record, renewed=now, duration=request.duration))
    if request.renew:
        return Decision(TAKEN_OVER)
    if record.identity is None:
        return Decision(ACQUIRED, _acquired(record, request, now))
    if record.holder and record.holder.same_process(request.holder):
        return Decision(CONFLICT)
    if running is False or (running is None and record.expired(now)):
        return Decision(REPLACED, _acquired(record, request, now))
    return Decision(BLOCKED)


def decide_renewal(record: LeaseRecord, holder: Holder, now: datetime, first: bool) -> Decision:
    """Decides before a write of the holder: the lease is renewed at the first one, and when a third of its duration has passed."""
    if not (record.holder and record.holder.same(holder)):
        return Decision(TAKEN_OVER)
    if first or record.renewed is None or now - record.renewed >= timedelta(seconds=record.duration / 3):
        return Decision(RENEWED, dataclasses.replace(record, renewed=now))
    return Decision(UNCHANGED)


def decide_release(record: LeaseRecord, holder: Holder, now: datetime) -> Decision:
    """Decides about releasing; a lease that another holds is left alone."""
    if record.holder and record.holder.same(holder):
        return Decision(RELEASED, LeaseRecord(renewed=now, duration=1, transitions=record.transitions))
    return Decision(UNCHANGED)


def holder_report(record: LeaseRecord) -> dict | None:
    """The holder as the module returns it, times in UTC."""
    if record.identity is None:
        return None
    holder = record.holder
    return {
        "identity": record.identity,
        "user": holder.user if holder else None,
        "host": holder.host.hostname if holder else None,
        "pid": holder.pid if holder else None,
        "playbook": holder.playbook if holder else None,
        "inventory_host": holder.inventory_host if holder else None,
        "since": timestamp(record.acquired),
        "expires": timestamp(record.expires),
    }


def holder_text(record: LeaseRecord) -> str:
    """The holder, for messages."""
    report = holder_report(record)
    if report is None:
        return "nobody"
    who = f"{report['user']}@{report['host']}, pid {report['pid']}, playbook {report['playbook']}" if record.holder else record.identity
    return f"{who}, since {report['since'] or 'an unknown time'}, expires {report['expires'] or 'never'}"


def taken_over(label: str, record: LeaseRecord) -> str:
    """The message for a run that no longer holds its lease."""
    return (
        f"This run no longer holds the {label}: it is held by {holder_text(record)}. The run stops here, so that only one run changes "
        "the application. Check what the other run did, then run again."
    )


def timestamp(time: datetime | None) -> str | None:
    """A time in UTC (ISO 8601)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def _acquired(record: LeaseRecord, request: LeaseRequest, now: datetime) -> LeaseRecord:
    return LeaseRecord(
        identity=request.holder.name,
        holder=request.holder,
        acquired=now,
        renewed=now,
        duration=request.duration,
        transitions=record.transitions + (record.renewed is not None),
    )
