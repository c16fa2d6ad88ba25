# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes one step of a rotation to the Secret or its copies, and keeps each value that a write loses first."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

from ...clients.cluster.client import MERGE_PATCH, Cluster
from ...clients.cluster.errors import ApiError
from ...clients.cluster.former import keep_former_values, read_former_values
from ...clients.cluster.secrets import FIELD_MANAGER, ROTATION, require_write_permissions
from ...errors import RunbookError
from .copies import required_content
from .model import RotationState
from .observe import SIGNING_SINCE, observe
from .options import RotationOptions
from .plan import SecretWrite, change_of, is_due, state_after, write_of, write_of_copy
from .stages import ADD, FINISH, PROMOTE, REPLACE, SYNC_COPIES

ATTEMPTS = 5  # a further one only where another client wrote in between
LENGTH = 48  # characters of a generated secret; 62 letters and digits give 285 bits
IN_PROGRESS = "has not ended"  # the value of the annotation


def write_step(
    cluster: Cluster, options: RotationOptions, step: str, generate: Callable[[int], str], hide: Callable, check: bool
) -> tuple[RotationState, RotationState, bool]:
    """Writes a step where it is due. Returns the state before, the state after, and whether it was written."""
    written = False
    for _attempt in range(ATTEMPTS):
        state = observe(cluster, options, hide)
        if not is_due(step, state.secret, state.steps, not state.unversioned_reason, bool(state.copies.due(state.secret))):
            return state, state, written
        _require_permissions(cluster, options)
        new = (options.new_secret or generate(LENGTH)) if step in (ADD, REPLACE) else ""
        hide([new])
        after, writes = _planned(cluster, options, step, state, new)
        for write in writes:
            if not _write(cluster, options.namespace, write, check):
                break
            written = True
        else:
            return state, after, True
    raise RunbookError(
        f"The Secret {options.secret} in namespace {options.namespace}, or a copy of it, was changed by another client during each of {ATTEMPTS} "
        "attempts. Find out who writes it (kubectl get secret NAME --show-managed-fields -o yaml) and run again."
    )


def _planned(cluster: Cluster, options: RotationOptions, step: str, state: RotationState, new: str) -> tuple[RotationState, list[SecretWrite]]:
    """The state after a step, and its writes."""
    if step == SYNC_COPIES:
        writes = [write_of_copy(copy, required_content(copy, state.secret)) for copy in state.copies.due(state.secret)]
        return replace(state, copies=state.copies.synced(state.secret)), writes
    change = change_of(step, state.secret, new)
    annotations: dict[str, str | None] = {ROTATION: IN_PROGRESS if change.in_progress else None}
    if step in (PROMOTE, REPLACE):
        annotations[SIGNING_SINCE] = cluster.now().isoformat(timespec="seconds")
    if step == FINISH:
        annotations[SIGNING_SINCE] = None
    return replace(state, secret=state_after(change)), [write_of(options, state.texts, state.version, change, annotations)]


def _require_permissions(cluster: Cluster, options: RotationOptions) -> None:
    """Raises RunbookError unless this and every further step may be written, so that no rotation ends halfway."""
    names = [options.secret, *(copy.secret for copy in options.copies)]
    former = [read_former_values(cluster, options.namespace, name) for name in names]
    create = any(one.stored is None for one in former)
    require_write_permissions(cluster, options.namespace, create, patch={*names, *(one.name for one in former)})


def _write(cluster: Cluster, namespace: str, write: SecretWrite, check: bool) -> bool:
    """Writes where the Secret still has that resource version; False where it has not."""
    keep_former_values(cluster, namespace, write.secret, write.former, check)
    if check:
        return True
    data = {key: text and base64.b64encode(text.encode()).decode() for key, text in write.data.items()}
    body = {"metadata": {"resourceVersion": write.version, "annotations": write.annotations}, "data": data}
    try:
        cluster.patch("Secret", write.secret, body, namespace, content_type=MERGE_PATCH, field_manager=FIELD_MANAGER)
    except ApiError as error:
        if error.status == 409:
            return False
        raise
    return True
