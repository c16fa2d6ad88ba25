# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes the secret to its places, after each value that would be lost has been kept."""

from __future__ import annotations

import base64

from ...clients.cluster.client import MERGE_PATCH, Cluster
from ...clients.cluster.errors import ApiError
from ...clients.cluster.former import FormerValue, keep_former_values, read_former_values
from ...clients.cluster.secrets import FIELD_MANAGER, require_write_permissions
from ...errors import RunbookError
from ...secret_sources import Ref
from ..options import Hide
from .observe import OpenDatabase, observe
from .options import SyncOptions
from .plan import SyncPlan, make_plan

ATTEMPTS = 5  # a further one only where another client wrote in between


def synchronize(cluster: Cluster, opened: OpenDatabase, options: SyncOptions, hide: Hide, check: bool) -> tuple[SyncPlan, list[FormerValue]]:
    """The plan that was carried out, and where the values are kept that it lost. With ``check`` nothing is written. Raises RunbookError."""
    namespace = options.auth.namespace
    _require_permissions(cluster, options)
    for _attempt in range(ATTEMPTS):
        plan = make_plan(observe(cluster, opened, options, hide))
        kept = _keep(cluster, namespace, plan, check)
        if check or _write_all(cluster, plan):
            return plan, kept
    raise RunbookError(
        f"The Secrets {', '.join(sorted({place.secret for place in options.locations}))} in namespace {namespace} were changed by another "
        f"client during each of {ATTEMPTS} attempts. Find out who writes them (kubectl get secret NAME --show-managed-fields -o yaml) and run again."
    )


def _require_permissions(cluster: Cluster, options: SyncOptions) -> None:
    """Raises RunbookError unless every value may be kept and written."""
    names, namespace = sorted({place.secret for place in options.locations}), options.auth.namespace
    former = [read_former_values(cluster, namespace, name) for name in names]
    create = any(one.stored is None for one in former)
    require_write_permissions(cluster, namespace, create, patch={*names, *(one.name for one in former)})


def _keep(cluster: Cluster, namespace: str, plan: SyncPlan, check: bool) -> list[FormerValue]:
    """Keeps all values of a Secret at once, so that check mode names the same keys."""
    values: dict[str, list[tuple[str, bytes]]] = {}
    for place, value in plan.former_values:
        values.setdefault(place.secret, []).append((place.key, value))
    return [one for secret, pairs in values.items() for one in keep_former_values(cluster, namespace, secret, pairs, check)]


def _write_all(cluster: Cluster, plan: SyncPlan) -> bool:
    """Writes each Secret that has to change; False where another client wrote one since it was read."""
    changed: dict[str, list[Ref]] = {}
    for place in plan.changed:
        changed.setdefault(place.secret, []).append(place)
    return all(_write(cluster, plan, secret, places) for secret, places in changed.items())


def _write(cluster: Cluster, plan: SyncPlan, secret: str, places: list[Ref]) -> bool:
    texts = {place.key: plan.targets[place] for place in places}
    data = {key: text and base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    body = {"metadata": {"resourceVersion": plan.state.stored[secret].version}, "data": data}
    namespace = plan.state.options.auth.namespace
    try:
        cluster.patch("Secret", secret, body, namespace, content_type=MERGE_PATCH, field_manager=FIELD_MANAGER)
    except ApiError as error:
        if error.status in (404, 409):
            return False
        raise RunbookError(f"The Secret {secret} in namespace {namespace} could not be written: {error}") from error
    return True
