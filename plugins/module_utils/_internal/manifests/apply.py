# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies objects server-side, one after the other. The request equals that of the dry run which predicts it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..errors import RunbookError
from .compare import REFUSED, UNCHANGED, DryRun, object_name
from .observe import dry_run, require_objects
from .options import ManifestsOptions
from .report import apply_report


def apply(cluster: Cluster, options: ManifestsOptions, *, check: bool, warn: Callable[[str], None]) -> list[DryRun]:
    """The result for each object, with ``check`` by dry runs. Raises RunbookError for the first failure, with what was applied before."""
    require_objects(options.objects)
    apply_one: Callable[..., DryRun] = dry_run if check else _apply
    runs: list[DryRun] = []
    for obj in options.objects:
        try:
            run = apply_one(
                cluster, obj, options.field_manager, options.force_conflicts, warn=lambda text, name=object_name(obj): warn(f"{name}: {text}")
            )
            if run.action == REFUSED:
                raise RunbookError(run.refusal)
        except RunbookError as error:
            reason = error.api_message if isinstance(error, ApiError) else str(error)
            raise RunbookError(
                f"{object_name(obj)} can't be applied: {reason.rstrip('.')}.{_applied_before(runs, check)}", **apply_report(runs)
            ) from error
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


def _apply(cluster: Cluster, obj: dict, field_manager: str, force: bool, *, warn: Callable[[str], None]) -> DryRun:
    before = cluster.get_object(obj)
    return DryRun(obj, before, cluster.apply_object(obj, field_manager=field_manager, force=force, warn=warn))


def _applied_before(runs: list[DryRun], check: bool) -> str:
    changed = [object_name(run.requested) for run in runs if run.action != UNCHANGED]
    return f" Applied before it: {', '.join(changed)}." if changed and not check else ""
