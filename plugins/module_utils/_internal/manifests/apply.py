# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies objects server-side, one after the other. The request is the same as that of the dry run that predicts it."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator

from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..errors import RunbookError
from .compare import REFUSED, UNCHANGED, DryRun, object_name
from .messages import shortened
from .observe import DEFINITION, apply_object, observe, require_objects
from .options import ManifestsOptions
from .report import failure_report

ESTABLISH_TIMEOUT = 60  # seconds
POLL_INTERVAL = 0.2  # seconds


def apply(cluster: Cluster, options: ManifestsOptions, *, check: bool, warn: Callable[[str], None]) -> list[DryRun]:
    """The result for each object, with ``check`` by dry runs. Raises RunbookError for the first failure, with what was already applied."""
    require_objects(options.objects)
    predicted = iter(observe(cluster, options, warn)) if check else None
    runs: list[DryRun] = []
    for obj in options.objects:
        try:
            run = next(predicted) if predicted else _apply(cluster, obj, options, warn)
            if run.action == REFUSED:
                raise RunbookError(run.refusal)
        except RunbookError as error:
            reason = shortened(error.api_message) if isinstance(error, ApiError) else str(error)
            message = f"{object_name(obj)} cannot be applied: {reason.rstrip('.')}.{_applied_before(runs, check)}"
            raise RunbookError(message, **failure_report(runs, DryRun(obj, None, None, reason, reason=getattr(error, "reason", "")))) from error
        runs.append(run)
    return runs


def secret_values(objects: list) -> Iterator[str | bytes]:
    """The values of the Secrets among the objects."""
    for secret in (obj for obj in objects if isinstance(obj, dict) and obj.get("kind") == "Secret"):
        yield from map(str, (secret.get("stringData") or {}).values())
        yield from map(_decoded, (secret.get("data") or {}).values())


def _decoded(value) -> bytes:
    try:
        return base64.b64decode(str(value))
    except ValueError:  # the API server reports it
        return str(value).encode(errors="replace")


def _apply(cluster: Cluster, obj: dict, options: ManifestsOptions, warn: Callable[[str], None]) -> DryRun:
    before = cluster.get_object(obj)
    after = apply_object(cluster, obj, options, warn)
    if obj["kind"] == DEFINITION:
        _wait_established(cluster, after)
    return DryRun(obj, before, after)


def _wait_established(cluster: Cluster, definition: dict | None) -> None:
    """Waits until the API server serves the kind, as its objects may follow. Raises RunbookError after ESTABLISH_TIMEOUT."""
    deadline = time.monotonic() + ESTABLISH_TIMEOUT
    while True:
        conditions = {item["type"]: item for item in ((definition or {}).get("status") or {}).get("conditions") or []}
        if conditions.get("Established", {}).get("status") == "True":
            return
        if time.monotonic() >= deadline or definition is None:
            reasons = "; ".join(item.get("message", "") for item in conditions.values() if item["status"] == "False")
            raise RunbookError(f"it was applied, but not established within {ESTABLISH_TIMEOUT} s: {reasons or 'the API server reports no reason'}")
        time.sleep(POLL_INTERVAL)
        definition = cluster.get_object(definition)


def _applied_before(runs: list[DryRun], check: bool) -> str:
    changed = [object_name(run.requested) for run in runs if run.action != UNCHANGED]
    return f" Already applied: {', '.join(changed)}." if changed and not check else ""
