# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the Secrets of an application into being, and reports that without a value.

Two runs at once never generate twice: whoever writes second is refused by the API, reads again and finds the first one's value.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_sources import Ref, Source
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.observe import MANAGED_BY, observe
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.plan import (
    ADDED,
    KEPT,
    MANAGER,
    RESTORED,
    UPDATED,
    Plan,
    Write,
    make_plan,
)

ALPHABET = string.ascii_letters + string.digits  # means itself in a URL, an environment file, YAML and a shell
ATTEMPTS = 5  # each one more only where somebody else wrote meanwhile
FIELD_MANAGER = "runbook-secrets"
MERGE = "application/merge-patch+json"


def random_text(length: int) -> str:
    """Letters and digits from the system's source of randomness."""
    return "".join(secrets.choice(ALPHABET) for _character in range(length))


@dataclass
class Outcome:
    """What became of each key, over all attempts, and which Secrets were made."""

    keys: dict[Ref, str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)

    def add(self, write: Write, keys: dict[Ref, str]) -> None:
        """Records a write."""
        self.keys.update({Ref(write.secret, key): keys[Ref(write.secret, key)] for key in write.data})
        if write.create:
            self.created.add(write.secret)

    def written(self) -> str:
        """What was written before something failed."""
        names = ", ".join(sorted({ref.secret for ref in self.keys}))
        return f"Written so far: {names}; the next run completes it." if names else "No Secret was changed."

    def report(self) -> dict:
        """The module's result: names and words, never a value."""
        names = sorted({ref.secret for ref in self.keys})
        return {
            "changed": any(action != KEPT for action in self.keys.values()),
            "secrets": [{"name": name, "action": self._action(name), "data": self._keys(name)} for name in names],
            "changed_secrets": [{"name": name, "data": keys} for name in names if (keys := self._with(name, UPDATED))],
        }

    def diff(self) -> dict:
        """Before and after with placeholders in place of values."""
        before = {ADDED: None, RESTORED: None, UPDATED: "<old value>", KEPT: "<kept>"}
        after = {ADDED: "<new value>", RESTORED: "<restored from its copy>", UPDATED: "<new value>", KEPT: "<kept>"}
        return {"before": self._shown(before), "after": self._shown(after)}

    def _shown(self, words: dict) -> dict:
        shown: dict = {}
        for ref in sorted(self.keys):
            if words[self.keys[ref]]:
                shown.setdefault(ref.secret, {})[ref.key] = words[self.keys[ref]]
        return shown

    def _action(self, name: str) -> str:
        if name in self.created:
            return "created"
        return "updated" if any(action != KEPT for action in self._keys(name).values()) else "unchanged"

    def _keys(self, name: str) -> dict[str, str]:
        return {ref.key: action for ref, action in sorted(self.keys.items()) if ref.secret == name}

    def _with(self, name: str, wanted: str) -> list[str]:
        return [key for key, action in self._keys(name).items() if action == wanted]


def predict(plan: Plan) -> Outcome:
    """What carrying out a plan would become, for check mode."""
    outcome = Outcome(dict(plan.keys))
    outcome.created = {write.secret for write in plan.writes if write.create}
    return outcome


def ensure(
    cluster: Cluster, namespace: str, sources: dict[Ref, Source], labels: dict, generate: Callable[[int], str], check: bool
) -> Outcome:
    """Observes, plans, writes and verifies; with ``check`` it only observes and plans. Raises RunbookError saying what was written."""
    outcome = Outcome()
    try:
        return _ensure(cluster, namespace, sources, labels, generate, check, outcome)
    except RunbookError as error:
        raise RunbookError(f"{outcome.written()} {error}", **error.facts) from error


def _ensure(cluster, namespace, sources, labels, generate, check, outcome: Outcome) -> Outcome:
    names = {ref.secret for ref in sources}
    for _attempt in range(ATTEMPTS):
        stored = observe(cluster, namespace, names)
        plan = make_plan(stored, sources, generate)
        if check:
            return predict(plan)
        if not plan.writes:  # also how the writes of the attempt before are verified
            outcome.keys = {**plan.keys, **outcome.keys}
            return outcome
        require_permissions(cluster, namespace, plan)
        versions = {name: secret.version for name, secret in stored.items()}
        _carry_out(cluster, namespace, plan, labels, versions, outcome)
    raise RunbookError(
        f"The Secrets {', '.join(sorted(names))} in namespace {namespace} were changed by somebody else during each of "
        f"{ATTEMPTS} attempts. Find out who writes them (kubectl get secret NAME --show-managed-fields -o yaml) and run again."
    )


def require_permissions(cluster: Cluster, namespace: str, plan: Plan) -> None:
    """Raises RunbookError naming the permissions that the writes need and this user lacks."""
    missing = []
    if any(write.create for write in plan.writes) and not cluster.can("create", "Secret", namespace):
        missing.append("create secrets")
    patched = sorted({write.secret for write in plan.writes if not write.create})
    if patched and not cluster.can("patch", "Secret", namespace):
        missing += [f"patch secrets/{name}" for name in patched if not cluster.can("patch", "Secret", namespace, name=name)]
    if missing:
        raise RunbookError(
            f"This user may not {', '.join(missing)} in namespace {namespace}. "
            "Allow it with a Role and a RoleBinding, or run as a user who may.",
            missing_permissions=missing,
        )


def _carry_out(cluster: Cluster, namespace: str, plan: Plan, labels: dict, versions: dict, outcome: Outcome) -> None:
    """Writes until done or until somebody else wrote meanwhile; the caller looks again in both cases."""
    for write in plan.writes:
        try:
            written = _create(cluster, namespace, write, labels) if write.create else _patch(cluster, namespace, write, versions)
        except ApiError as error:
            if error.status == 409 or (error.status == 404 and not write.create):
                return
            raise _explained(error, namespace, write) from error
        versions[write.secret] = written["metadata"]["resourceVersion"]
        outcome.add(write, plan.keys)


def _create(cluster: Cluster, namespace: str, write: Write, labels: dict) -> dict:
    metadata = {"name": write.secret, "namespace": namespace, "labels": {**labels, MANAGED_BY: MANAGER}}
    body = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": _encoded(write)}
    return cluster.create("Secret", body, namespace, field_manager=FIELD_MANAGER)


def _patch(cluster: Cluster, namespace: str, write: Write, versions: dict) -> dict:
    body = {"metadata": {"resourceVersion": versions[write.secret]}, "data": _encoded(write)}
    return cluster.patch("Secret", write.secret, body, namespace, content_type=MERGE, field_manager=FIELD_MANAGER)


def _encoded(write: Write) -> dict[str, str]:
    return {key: base64.b64encode(value).decode() for key, value in write.data.items()}


def _explained(error: ApiError, namespace: str, write: Write) -> RunbookError:
    if error.status == 404:
        return RunbookError(
            f"There is no namespace {namespace} for the Secret {write.secret}. Make it first (kubectl create namespace {namespace})."
        )
    return RunbookError(f"The Secret {write.secret} in namespace {namespace} could not be written: {error}")
