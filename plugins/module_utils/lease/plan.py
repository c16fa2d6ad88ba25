# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who gets the lease. Pure: the stored record, who asks, and the time in; a decision out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.lease.identity import Holder

ACQUIRED, RENEWED, REPLACED, RELEASED = "acquired", "renewed", "replaced", "released"  # what is written
BLOCKED, LOST, TWICE, NOTHING = "blocked", "lost", "twice", "unchanged"  # what is not


@dataclass(frozen=True)
class Record:
    """A lease as it is stored. ``identity`` is None where nobody holds it; ``holder`` where the identity is not one of ours."""

    identity: str | None = None
    holder: Holder | None = None
    acquired: datetime | None = None
    renewed: datetime | None = None
    duration: int = 0  # seconds
    transitions: int = 0

    @property
    def expires(self) -> datetime | None:
        """When it is free for anybody."""
        since = self.renewed or self.acquired
        return since + timedelta(seconds=self.duration) if since else None

    def expired(self, now: datetime) -> bool:
        """Whether its time is over; a lease without a time has none to be over."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True)
class Request:
    """What is asked for: ``renew`` holds a lease only if it is held already."""

    holder: Holder
    duration: int
    renew: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do, and the record to write (None: nothing is written)."""

    action: str
    record: Record | None = None


def decide_hold(record: Record, request: Request, now: datetime, gone: bool) -> Decision:
    """Decides about holding a lease; ``gone`` tells that the holder's process has certainly ended."""
    if record.holder and record.holder.same(request.holder):
        return Decision(RENEWED, dataclasses.replace(record, renewed=now, duration=request.duration))
    if request.renew:
        return Decision(LOST)
    if record.identity is None:
        return Decision(ACQUIRED, _taken(record, request, now))
    if record.holder and record.holder.same_process(request.holder):
        return Decision(TWICE)
    if gone or record.expired(now):
        return Decision(REPLACED, _taken(record, request, now))
    return Decision(BLOCKED)


def decide_release(record: Record, holder: Holder, now: datetime) -> Decision:
    """Releases one's own lease; what another holds is left alone."""
    if record.holder and record.holder.same(holder):
        return Decision(RELEASED, Record(renewed=now, duration=1, transitions=record.transitions))
    return Decision(NOTHING)


def describe(record: Record) -> dict | None:
    """The holder as a module returns it, times in UTC."""
    if record.identity is None:
        return None
    holder = record.holder
    return {
        "identity": record.identity,
        "user": holder.user if holder else None,
        "host": holder.machine.hostname if holder else None,
        "pid": holder.pid if holder else None,
        "playbook": holder.playbook if holder else None,
        "inventory_host": holder.inventory_host if holder else None,
        "since": stamp(record.acquired),
        "expires": stamp(record.expires),
    }


def sentence(record: Record) -> str:
    """Who holds it, for a person."""
    shown = describe(record)
    if shown is None:
        return "nobody"
    who = f"{shown['user']}@{shown['host']}, pid {shown['pid']}, playbook {shown['playbook']}" if record.holder else record.identity
    return f"{who}, since {shown['since'] or 'an unknown time'}, expires {shown['expires'] or 'never'}"


def stamp(time: datetime | None) -> str | None:
    """A time as people and Ansible read it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def _taken(record: Record, request: Request, now: datetime) -> Record:
    return Record(
        identity=request.holder.name,
        holder=request.holder,
        acquired=now,
        renewed=now,
        duration=request.duration,
        transitions=record.transitions + (record.renewed is not None),
    )
