# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans to restore what the Helm release holds. The trust bundle, and workloads that exist, are planned separately. Pure."""

from __future__ import annotations

import copy

from .actions import CREATE, RESTORE, Problem, RecoveryAction
from .components import ORDER, REQUIRED, TRUST_BUNDLE, WEBHOOK
from .model import DaprState
from .release_diff import TEMPLATE_KINDS, summary
from .webhook import encoded_anchors

REINSTALL = "The Helm release does not contain it either. Install Dapr again with the same values: helm upgrade --install (role dapr)"


def plan_objects(state: DaprState) -> tuple[list[RecoveryAction], list[Problem]]:
    """The actions on objects that are missing or differ from the release, and the required ones that the release does not contain."""
    creations = [_create(obj, state) for obj in state.release.missing if obj["metadata"]["name"] != TRUST_BUNDLE]
    restorations = [_restore(drift.released, drift.differences) for drift in state.release.drift if drift.released["kind"] not in TEMPLATE_KINDS]
    created = {(action.kind, action.name) for action in creations}
    absent = [(component.kind, component.workload) for component in REQUIRED if state.components[component.name].obj is None]
    absent += [("MutatingWebhookConfiguration", WEBHOOK)] if state.webhook is None else []
    problems = [
        Problem(kind, name, state.namespace, "object_missing", "it does not exist", REINSTALL) for kind, name in absent if (kind, name) not in created
    ]
    return creations + restorations, problems


def is_restored(state: DaprState, kind: str, name: str) -> bool:
    """Whether the plan creates or restores an object."""
    missing = {(obj["kind"], obj["metadata"]["name"]) for obj in state.release.missing}
    return (kind, name) in missing or bool(state.release.drift_of(kind, name))


def _create(obj: dict, state: DaprState) -> RecoveryAction:
    kind, name = obj["kind"], obj["metadata"]["name"]
    body = copy.deepcopy(obj)
    if kind == "MutatingWebhookConfiguration" and state.bundle.is_complete:
        # The injector sets it only when it starts.
        for entry in body["webhooks"]:
            entry["clientConfig"]["caBundle"] = encoded_anchors(state.bundle)
    component = next((item.name for item in ORDER if (item.kind, item.workload) == (kind, name)), "")
    return RecoveryAction(CREATE, kind, name, body["metadata"].get("namespace", ""), "object_missing", "it does not exist", component, body=body)


def _restore(released: dict, differences: tuple[str, ...]) -> RecoveryAction:
    metadata = released["metadata"]
    return RecoveryAction(RESTORE, released["kind"], metadata["name"], metadata.get("namespace", ""), "drift", summary(list(differences)), body=released)
