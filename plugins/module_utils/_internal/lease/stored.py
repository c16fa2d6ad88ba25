# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stored form of a lease. Pure."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from .identity import Holder
from .plan import LeaseRecord

ANNOTATION = "runbook.minikube/holder"  # the holder as JSON; holderIdentity is for people and other tools
MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class WriteConflict(Exception):
    """A concurrent write: read again."""


def record_of(lease: dict) -> LeaseRecord:
    """Reads a Lease as the API sends it."""
    spec = lease.get("spec") or {}
    identity = spec.get("holderIdentity") or None
    return LeaseRecord(
        identity=identity,
        holder=_holder_of(lease, identity),
        acquired=_time(spec.get("acquireTime")),
        renewed=_time(spec.get("renewTime")),
        duration=spec.get("leaseDurationSeconds") or 0,
        transitions=spec.get("leaseTransitions") or 0,
    )


def lease_of(record: LeaseRecord, lease: dict) -> dict:
    """The Lease with the record; the rest of the object stays."""
    annotations = {key: value for key, value in (lease["metadata"].get("annotations") or {}).items() if key != ANNOTATION}
    if record.holder:
        annotations[ANNOTATION] = json.dumps(record.holder.to_dict(), sort_keys=True)
    spec = {
        "holderIdentity": record.identity,
        "acquireTime": record.acquired and record.acquired.strftime(MICRO_TIME),
        "renewTime": record.renewed and record.renewed.strftime(MICRO_TIME),
        "leaseDurationSeconds": record.duration,
        "leaseTransitions": record.transitions,
    }
    metadata = {**lease["metadata"], "annotations": annotations}
    return {**lease, "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata,
            "spec": {key: value for key, value in spec.items() if value is not None}}


def _holder_of(lease: dict, identity: str | None) -> Holder | None:
    """The holder, if the annotation matches the identity: another tool writes only the identity."""
    try:
        holder = Holder.from_dict(json.loads(lease["metadata"]["annotations"][ANNOTATION]))
    except (KeyError, TypeError, ValueError):
        return None
    return holder if identity and holder.is_named(identity) else None


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
