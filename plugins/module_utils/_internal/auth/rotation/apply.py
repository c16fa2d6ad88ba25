# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes one step of a rotation to the Secret."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace

from ...clients.cluster.client import MERGE_PATCH, Cluster
from ...clients.cluster.errors import ApiError
from ...clients.cluster.secrets import FIELD_MANAGER, require_write_permissions
from ...errors import NOTHING_CHANGED, RunbookError
from .observe import MARK, RotationState, observe
from .options import RotationOptions
from .plan import SecretChange, change_of, is_due, state_after
from .stages import ADD, FINISH, REPLACE

ATTEMPTS = 5  # a further one only where another client wrote in between
LENGTH = 48  # characters of a generated secret; 62 letters and digits give 285 bits
IN_PROGRESS = "has not ended"  # the value of the annotation


def write_step(
    cluster: Cluster, options: RotationOptions, step: str, generate: Callable[[int], str], hide: Callable, check: bool
) -> tuple[RotationState, RotationState, bool]:
    """Writes a step where it is due. Returns the state before, the state after, and whether it was written."""
    for _attempt in range(ATTEMPTS):
        state = observe(cluster, options, hide)
        if not is_due(step, state.secret, state.steps, not state.unversioned_reason):
            return state, state, False
        if step == FINISH and state.restart_required:
            raise RunbookError(f"step: {', '.join(state.restart_required)} must be restarted before {step}. {NOTHING_CHANGED}")
        require_write_permissions(cluster, options.namespace, create=False, patch=[options.secret])
        new = (options.new_secret or generate(LENGTH)) if step in (ADD, REPLACE) else ""
        hide([new])
        change = change_of(step, state.secret, new)
        if check or _write(cluster, options, state.version, change):
            return state, replace(state, secret=state_after(change)), True
    raise RunbookError(
        f"The Secret {options.secret} in namespace {options.namespace} was changed by another client during each of {ATTEMPTS} attempts. "
        "Find out who writes it (kubectl get secret NAME --show-managed-fields -o yaml) and run again."
    )


def _write(cluster: Cluster, options: RotationOptions, version: str, change: SecretChange) -> bool:
    """Writes a change where the Secret still has that resource version; False where it has not."""
    texts = {options.key: change.single, options.versions_key: change.versions, options.previous_secret_key: change.previous}
    data = {key: text and base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    metadata = {"resourceVersion": version, "annotations": {MARK: IN_PROGRESS if change.in_progress else None}}
    body = {"metadata": metadata, "data": data}
    try:
        cluster.patch("Secret", options.secret, body, options.namespace, content_type=MERGE_PATCH, field_manager=FIELD_MANAGER)
    except ApiError as error:
        if error.status == 409:
            return False
        raise
    return True
