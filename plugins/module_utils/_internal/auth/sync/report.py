# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of auth_secret_sync: names, actions and sentences, nothing of a secret. Pure."""

from __future__ import annotations

from ...clients.cluster.former import FormerValue
from ...secret_sources import Ref
from ..keys import OK, evaluate_keys, sign_in_status
from ..rotation.copies import active_secret
from .candidates import AUTH_SERVERS
from .plan import SyncPlan, rotation_message

ADDED, UPDATED, REMOVED, UNCHANGED = "added", "updated", "removed", "unchanged"
BEFORE = {ADDED: None, UPDATED: "<old value>", REMOVED: "<old value>", UNCHANGED: "<unchanged>"}
AFTER = {ADDED: "<new value>", UPDATED: "<new value>", REMOVED: None, UNCHANGED: "<unchanged>"}


def report(plan: SyncPlan, kept: list[FormerValue]) -> dict:
    """The module's result."""
    namespace = plan.state.options.auth.namespace
    actions = {place: _action(plan, place) for place in plan.targets}
    reported = {place: action for place, action in actions.items() if place in plan.state.options.locations or action != UNCHANGED}
    return {
        "changed": bool(plan.changed) or any(one.added for one in kept),
        "source": plan.chosen.name,
        "candidates": [{"name": one.name, "decryptable_keys": one.keys} for one in plan.candidates],
        "destinations": [{"namespace": namespace, "secret": place.secret, "key": place.key, "action": action} for place, action in reported.items()],
        "former_values": [{"namespace": namespace, **one.report()} for one in sorted(set(kept))],
        "restart_required": [{"namespace": namespace, "workload": name} for name in sorted({one.workload for one in plan.stale})],
        "unknown": sorted({one.workload for one in plan.state.consumers if one.unknown and one not in plan.stale}),
        "rotation_stage": plan.state.rotation.stage,
        "versioned": bool(plan.state.versions),
        "can_retire": plan.state.can_retire,
        "sign_in": plan.sign_in,
        "unreadable_keys": plan.unreadable,
        "messages": messages_of(plan, kept),
        "diff": {"before": _shown(reported, BEFORE), "after": _shown(reported, AFTER)},
    }


def messages_of(plan: SyncPlan, kept: list[FormerValue]) -> list[str]:
    """What a user has to know before anything restarts."""
    places = ", ".join(sorted({str(one) for one in kept}))
    former = [f"Values that are in no Secret afterwards, or only in running containers, are kept: {places}."] if kept else []
    return [*filter(None, [rotation_message(plan.state), _works_today(plan)]), *former]


def _works_today(plan: SyncPlan) -> str:
    """That sign-in works with what the auth servers run with, where a restart changes that, else ""."""
    state, running = plan.state, plan.state.running
    if not running or active_secret(running) == active_secret(plan.secrets):
        return ""
    status = sign_in_status(evaluate_keys(state.rows, running, state.private_key_storage, state.rule))
    if status != OK:
        return ""
    after = "can still be decrypted" if sign_in_status(plan.keys) == OK else "can't be decrypted, so it is retired"
    return (
        f"Sign-in works today, with the secret that the auth servers started with. After a restart they have that of {plan.chosen.name}. With it "
        f"the active key {after}; sessions in browsers end, as their cookies are signed with the secret. To keep the secret that works, set "
        f"auth_keys_source={AUTH_SERVERS} (the option source)."
    )


def _action(plan: SyncPlan, place: Ref) -> str:
    if place not in plan.changed:
        return UNCHANGED
    if plan.targets[place] is None:
        return REMOVED
    return UPDATED if plan.state.raw(place) else ADDED


def _shown(actions: dict[Ref, str], placeholders: dict[str, str | None]) -> dict:
    shown: dict[str, dict[str, str]] = {}
    for place, action in sorted(actions.items()):
        text = placeholders[action]
        if text:
            shown.setdefault(place.secret, {})[place.key] = text
    return shown
