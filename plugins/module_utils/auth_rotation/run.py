# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at a rotation, and writes one step of it to the Secret."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer, disagreement, running_signers
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import secrets_of
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.stages import (
    ADOPT,
    FINISH,
    REPLACE,
    REPLACED,
    REST,
    Change,
    Held,
    change_of,
    held_after,
    is_due,
    require_acceptable,
    steps_from,
    unlisted,
)
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.versions import why_without
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.wish import Wish
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.apply import FIELD_MANAGER, MERGE, require_permissions
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.observe import stored_of
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.plan import Plan, Write, hands_off

MARK = "runbook.minikube/rotation"
ATTEMPTS = 5  # each one more only where somebody else wrote meanwhile
LENGTH = 48  # characters of a generated secret; 62 letters and digits give 285 bits


@dataclass(frozen=True)
class Seen:
    """A rotation as it stands. ``version``: the Secret's resource version; ``without``: why it goes without versions."""

    held: Held
    version: str
    running: list[Signer]
    without: str
    interruption: int | None = None  # seconds since the first pod with a secret that reads no key became ready

    @property
    def stale(self) -> list[str]:
        """The workloads of signers that run with something else than the Secret holds."""
        return sorted({one.workload for one in self.running if not self.held.secrets.writes_as(one.secrets)})

    @property
    def steps(self) -> list[str]:
        """What is still to be done."""
        return steps_from(self.held, bool(self.stale), not self.without)

    def report(self) -> dict:
        """The module's result, of which ``changed`` is still to be said."""
        return {
            "stage": self.held.stage, "steps": self.steps, "restart": self.stale, "versioned": not self.without, "unversioned_because": self.without,
            "current_version": self.held.secrets.current_version, "interruption": self.interruption,
        }  # fmt: skip

    def diff(self) -> dict:
        """The stage and the versions, the one in force first."""
        return {"stage": self.held.stage, "versions": list(self.held.secrets.versions)}


def look(cluster: Cluster, wish: Wish, hide: Callable) -> Seen:
    """Reads Secret, pods and templates. Raises RunbookError where a rotation must not begin, or can't go on."""
    held, version = _held(cluster, wish)
    hide({*held.secrets.values, *filter(None, [held.former])})
    running = running_signers(cluster, wish.namespace, wish.signers)
    if held.stage == REST:
        _require_rest(held, running)
    unknown = next((one for one in running if one.unknown), None)
    if unknown:
        raise RunbookError(f"What {unknown} runs with is not known: {unknown.unknown}. Nothing was changed.")
    without = _without(cluster, wish, held, running)
    if without and held.stage == REST and not wish.accept_interruption:
        raise RunbookError(
            f"{without} Without versions nobody gets a token from the first new pod until the keys are encrypted anew, which a restart of "
            f"{', '.join(signer['workload'] for signer in wish.signers)} takes. Give the application the variable, or a release of "
            "Better Auth that reads it, or set accept_interruption: true. Nothing was changed."
        )
    if wish.new is not None:
        require_acceptable(wish.new, held)
    interruption = _interruption(cluster, wish.namespace, held, running) if held.stage == REPLACED else None
    return Seen(held, version, running, without, interruption)


def advance(cluster: Cluster, wish: Wish, step: str, generate: Callable[[int], str], hide: Callable, check: bool) -> tuple[Seen, Seen, bool]:
    """Writes a step where it is due. Returns what stood before, what stands then, and whether it was written."""
    for _attempt in range(ATTEMPTS):
        seen = look(cluster, wish, hide)
        if not is_due(step, seen.held, seen.steps, not seen.without):
            return seen, seen, False
        if step == FINISH and seen.stale:
            raise RunbookError(f"step: {', '.join(seen.stale)} have to be restarted before {step}. Nothing was changed.")
        require_permissions(cluster, wish.namespace, Plan([Write(wish.secret, {}, create=False)]))
        new = (wish.new or generate(LENGTH)) if step in (ADOPT, REPLACE) else ""
        hide([new])
        change = change_of(step, seen.held, new)
        if check or _written(cluster, wish, seen, change):
            return seen, replace(seen, held=held_after(change)), True
    raise RunbookError(
        f"The Secret {wish.secret} in namespace {wish.namespace} was changed by somebody else during each of {ATTEMPTS} attempts. "
        "Find out who writes it (kubectl get secret NAME --show-managed-fields -o yaml) and run again."
    )


def _held(cluster: Cluster, wish: Wish) -> tuple[Held, str]:
    where = f"The Secret {wish.secret} in namespace {wish.namespace}"
    try:
        secret = cluster.get("Secret", wish.secret, wish.namespace)
    except ApiError as error:
        if error.status != 403:
            raise
        raise RunbookError(
            f"{where} can't be read: this user may not get secrets/{wish.secret}. Allow get and patch with a Role and a RoleBinding.",
            missing_permissions=[f"get secrets/{wish.secret}"],
        ) from error
    if not secret:
        raise RunbookError(f"{where} is not there. Correct the options secret and namespace.")
    stored = stored_of(secret)
    reason = hands_off(stored)
    if reason:
        raise RunbookError(f"{where} would have to change, but {reason}.")
    texts = [_text(stored.values.get(key), f"{where}, key {key},") for key in (wish.key, wish.list_key, wish.former_key)]
    marked = MARK in (secret["metadata"].get("annotations") or {})
    if not texts[0]:
        raise RunbookError(f"{where} has no value in the key {wish.key}. Correct the option key, or see recover_auth.yml.")
    return Held(secrets_of(texts[0], texts[1], where), texts[2], marked), stored.version


def _text(value: bytes | None, where: str) -> str | None:
    try:
        return value.decode() if value else None
    except UnicodeDecodeError as error:
        raise RunbookError(f"{where} holds no text. Nothing was changed.") from error


def _require_rest(held: Held, running: list[Signer]) -> None:
    """Raises RunbookError where a rotation can't begin, as the application is not as its Secret says."""
    problem = disagreement(running)
    if not problem and not held.secrets.writes_as(running[0].secrets):
        problem = f"{running[0]} runs with another secret than the one that is stored."
    if problem:
        raise RunbookError(f"{problem} Bring it in order with recover_auth.yml first. Nothing was changed.")


def _without(cluster: Cluster, wish: Wish, held: Held, running: list[Signer]) -> str:
    """Why it goes without versions, which an unfinished rotation has decided already."""
    if held.former:
        return "A rotation without versions has not ended."
    if held.stage != REST or held.secrets.versions:
        return ""
    if wish.versioned is False:
        return "The option versioned is false."
    return unlisted(held) or why_without(cluster, wish, running)


def _interruption(cluster: Cluster, namespace: str, held: Held, running: list[Signer]) -> int | None:
    """Seconds since the first of the running pods that have what the Secret holds became ready, by the API server's clock."""
    pods = {one.pod for one in running if held.secrets.writes_as(one.secrets)}
    since = [
        datetime.fromisoformat(condition["lastTransitionTime"])
        for pod in cluster.list("Pod", namespace)
        if pod["metadata"]["name"] in pods
        for condition in pod["status"].get("conditions") or []
        if (condition["type"], condition["status"]) == ("Ready", "True")
    ]
    return math.ceil((cluster.now() - min(since)).total_seconds()) if since else None


def _written(cluster: Cluster, wish: Wish, seen: Seen, change: Change) -> bool:
    """Writes what a step makes of the Secret, where it is still the one that was looked at; False where it is not."""
    texts = {wish.key: change.single, wish.list_key: change.versions, wish.former_key: change.former}
    data = {key: text and base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    metadata = {"resourceVersion": seen.version, "annotations": {MARK: "has not ended" if change.marked else None}}
    try:
        cluster.patch(
            "Secret", wish.secret, {"metadata": metadata, "data": data}, wish.namespace, content_type=MERGE, field_manager=FIELD_MANAGER
        )
    except ApiError as error:
        if error.status == 409:
            return False
        raise
    return True
