# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results of app_secrets and secret_copy: names and actions, never a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..clients.secret_refs.container_values import Lookup
from ..secret_sources import Ref
from .plan import ADDED, RESTORED, UNCHANGED, UPDATED, SecretsPlan, Write

CREATED = "created"
CURRENT, STALE, SYNCING, UNKNOWN = "current", "stale", "syncing", "unknown"
BEFORE = {ADDED: None, RESTORED: None, UPDATED: "<old value>", UNCHANGED: "<unchanged>"}
AFTER = {ADDED: "<new value>", RESTORED: "<restored from its copy>", UPDATED: "<new value>", UNCHANGED: "<unchanged>"}


@dataclass
class SecretsResult:
    """The action for each key, over all attempts, and the Secrets that were created."""

    keys: dict[Ref, str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)

    @classmethod
    def predicted(cls, plan: SecretsPlan) -> SecretsResult:
        """The result of carrying out a plan, for check mode."""
        return cls(dict(plan.keys), {write.secret for write in plan.writes if write.create})

    @property
    def changed(self) -> bool:
        """Whether any key was written."""
        return any(action != UNCHANGED for action in self.keys.values())

    def add(self, write: Write, keys: dict[Ref, str]) -> None:
        """Records a write."""
        self.keys.update({Ref(write.secret, key): keys[Ref(write.secret, key)] for key in write.data})
        if write.create:
            self.created.add(write.secret)

    def progress(self) -> str:
        """What was written before a failure."""
        names = ", ".join(self._names())
        return f"Written so far: {names}; the next run completes it." if names else "No Secret was changed."

    def writes(self) -> list[Write]:
        """The Secrets to write, without values."""
        return [Write(name, {}, name in self.created) for name in self._names() if self._action(name) != UNCHANGED]

    def report(self) -> dict:
        """The module's result."""
        names = self._names()
        return {
            "changed": self.changed,
            "secrets": [{"name": name, "action": self._action(name), "data": self._keys_of(name)} for name in names],
            "changed_secrets": [{"name": name, "data": keys} for name in names if (keys := self._updated_keys(name))],
        }

    def diff(self) -> dict:
        """Before and after with placeholders instead of values."""
        return {"before": self._with_placeholders(BEFORE), "after": self._with_placeholders(AFTER)}

    def _with_placeholders(self, placeholders: dict) -> dict:
        shown: dict = {}
        for ref in sorted(self.keys):
            if placeholders[self.keys[ref]]:
                shown.setdefault(ref.secret, {})[ref.key] = placeholders[self.keys[ref]]
        return shown

    def _names(self) -> list[str]:
        return sorted({ref.secret for ref in self.keys})

    def _action(self, name: str) -> str:
        if name in self.created:
            return CREATED
        return UPDATED if any(action != UNCHANGED for action in self._keys_of(name).values()) else UNCHANGED

    def _keys_of(self, name: str) -> dict[str, str]:
        return {ref.key: action for ref, action in sorted(self.keys.items()) if ref.secret == name}

    def _updated_keys(self, name: str) -> list[str]:
        return [key for key, action in self._keys_of(name).items() if action == UPDATED]


@dataclass(frozen=True)
class ConsumerState:
    """A running container that reads a destination: whether it has the value yet, and why not."""

    lookup: Lookup
    workload: str
    state: str
    reason: str

    def report(self) -> dict:
        """The consumer as the module returns it."""
        consumer = self.lookup.consumer
        return {
            "namespace": self.lookup.namespace, "workload": self.workload, "pod": self.lookup.pod, "container": consumer.container,
            "source_type": consumer.source_type, "path": consumer.path, "state": self.state, "reason": self.reason,
        }  # fmt: skip


@dataclass
class CopyResult:
    """The results of the destinations by namespace, and their consumers."""

    results: dict[str, SecretsResult] = field(default_factory=dict)
    consumers: list[ConsumerState] = field(default_factory=list)

    def report(self) -> dict:
        """The module's result."""
        destinations = [
            {"namespace": namespace, "secret": ref.secret, "key": ref.key, "action": action}
            for namespace, result in sorted(self.results.items())
            for ref, action in sorted(result.keys.items())
        ]
        stale = sorted({(one.lookup.namespace, one.workload) for one in self.consumers if one.state == STALE})
        return {
            "changed": any(result.changed for result in self.results.values()),
            "destinations": destinations,
            "consumers": [one.report() for one in self.consumers],
            "restart_required": [{"namespace": namespace, "workload": workload} for namespace, workload in stale],
        }

    def diff(self) -> dict:
        """Before and after with placeholders instead of values."""
        parts = {namespace: result.diff() for namespace, result in sorted(self.results.items())}
        return {side: {namespace: part[side] for namespace, part in parts.items()} for side in ("before", "after")}
