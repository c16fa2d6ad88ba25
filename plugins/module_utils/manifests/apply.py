# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies objects server-side, one after the other. The request is that of the dry run which predicts it, so both do the same."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.compare import KEEP, REFUSED, Trial, applied, name_of
from ansible_collections.runbook.minikube.plugins.module_utils.manifests.observe import require_objects, tried


def apply(
    cluster: Cluster, objects: list[dict], field_manager: str, force: bool, *, dry_run: bool, warn: Callable[[str], None]
) -> list[Trial]:
    """A trial for each object, which ``dry_run`` only tried. Raises RunbookError for the first that fails, with what was changed before."""
    require_objects(objects)
    one = tried if dry_run else _applied
    trials: list[Trial] = []
    for obj in objects:
        try:
            trial = one(cluster, obj, field_manager, force, warn=lambda text, name=name_of(obj): warn(f"{name}: {text}"))
            if trial.action == REFUSED:
                raise RunbookError(trial.refusal)
        except RunbookError as error:
            said = error.said if isinstance(error, ApiError) else str(error)
            raise RunbookError(f"{name_of(obj)} can't be applied: {said.rstrip('.')}.{_so_far(trials, dry_run)}", **applied(trials)) from error
        trials.append(trial)
    return trials


def secret_values(objects: list) -> Iterator[str | bytes]:
    """The values of the Secrets among the objects."""
    for secret in (obj for obj in objects if isinstance(obj, dict) and obj.get("kind") == "Secret"):
        yield from map(str, (secret.get("stringData") or {}).values())
        yield from map(_decoded, (secret.get("data") or {}).values())


def _decoded(value) -> bytes:
    try:
        return base64.b64decode(str(value))
    except ValueError:  # the API server will say so
        return str(value).encode(errors="replace")


def _applied(cluster: Cluster, obj: dict, field_manager: str, force: bool, *, warn: Callable[[str], None]) -> Trial:
    before = cluster.get_object(obj)
    return Trial(obj, before, cluster.apply_object(obj, field_manager=field_manager, force=force, warn=warn))


def _so_far(trials: list[Trial], dry_run: bool) -> str:
    changed = [name_of(trial.given) for trial in trials if trial.action != KEEP]
    return f" Applied before it: {', '.join(changed)}." if changed and not dry_run else ""
