# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results of app_secrets and secret_copy: names and actions, never a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..clients.cluster.former import FormerValue
from ..clients.cluster.secrets import StoredSecret
from ..clients.secret_refs.container_values import Lookup
from ..secret_sources import Ref
from .plan import ADDED, RESTORED, UNCHANGED, UPDATED, SecretsPlan, Write

CREATED = "created"
CURRENT, STALE, SYNCING, UNKNOWN = "current", "stale", "syncing", "unknown"
BEFORE = {ADDED: None, RESTORED: None, UPDATED: "<old value>", UNCHANGED: "<unchanged>"}
AFTER = {ADDED: "<new value>", RESTORED: "<restored from its copy>", UPDATED: "<new value>", UNCHANGED: "<unchanged>"}


@dataclass
class SecretsResult:
    """The action for each key, over all attempts, and the Secrets that were created.

    ``kept``: where each value is kept that was overwritten; ``stored``: the Secrets as they were read last.
    """

    keys: dict[Ref, str] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    kept: dict[Ref, FormerValue] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    stored: dict[str, StoredSecret] = field(default_factory=dict)

    def predict(self, plan: SecretsPlan, stored: dict[str, StoredSecret], kept: list[FormerValue]) -> None:
        """Records a plan as if it were carried out, for check mode."""
        self.keys, self.stored = dict(plan.keys), stored
        self.created = {write.secret for write in plan.writes if write.create}
        self.keep(kept)

    def complete(self, plan: SecretsPlan, stored: dict[str, StoredSecret]) -> None:
        """Records the state after the last write, where nothing remains to be done."""
        self.keys, self.stored = {**plan.keys, **self.keys}, stored

    @property
    def changed(self) -> bool:
        """Whether any key was written."""
        return any(action != UNCHANGED for action in self.keys.values())

    def add(self, write: Write, keys: dict[Ref, str]) -> None:
        """Records a write."""
        self.keys.update({Ref(write.secret, key): keys[Ref(write.secret, key)] for key in write.data})
        if write.create:
            self.created.add(write.secret)

    def keep(self, kept: list[FormerValue]) -> None:
        """Records where values are kept before they are overwritten, and still that this run has added them."""
        before = {(one.former_secret, one.former_key): one for one in self.kept.values()}
        self.kept.update({Ref(one.secret, one.key): before.get((one.former_secret, one.former_key), one) for one in kept})

    def progress(self) -> str:
        """What was written before a failure."""
        names = ", ".join(self._names())
        if names:
            return f"Written so far: {names}; the next run completes it."
        added = sorted({one.former_secret for one in self.kept.values() if one.added})
        return f"Nothing was overwritten; values were added to {', '.join(added)}." if added else "No Secret was changed."

    def former_values(self) -> list[dict]:
        """Where the values are kept that were overwritten."""
        return [self.kept[ref].report() for ref in sorted(self.kept) if self.keys.get(ref) == UPDATED]

    def report(self) -> dict:
        """The module's result."""
        names = self._names()
        return {
            "changed": self.changed,
            "secrets": [{"name": name, "action": self._action(name), "data": self._keys_of(name)} for name in names],
            "changed_secrets": [{"name": name, "data": keys} for name in names if (keys := self._updated_keys(name))],
            "former_values": self.former_values(),
        }

    def diff(self) -> dict:
        """Before and after with placeholders instead of values."""
        after = self._with_placeholders(AFTER)
        for one in self.kept.values():
            if one.added:
                after.setdefault(one.former_secret, {})[one.former_key] = "<old value>"
        return {"before": self._with_placeholders(BEFORE), "after": after}

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
    """A running container that reads a destination: whether it has the value yet, and why not; ``restart``: whether it needs one to get it."""

    lookup: Lookup
    workload: str
    state: str
    reason: str
    restart: bool

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
        stale = sorted({(one.lookup.namespace, one.workload) for one in self.consumers if one.restart})
        return {
            "changed": any(result.changed for result in self.results.values()),
            "destinations": destinations,
            "former_values": [
                {"namespace": namespace, **one} for namespace, result in sorted(self.results.items()) for one in result.former_values()
            ],
            "consumers": [one.report() for one in self.consumers],
            "restart_required": [{"namespace": namespace, "workload": workload} for namespace, workload in stale],
        }

    def warnings(self) -> list[str]:
        """What would write former values back."""
        return list(dict.fromkeys(warning for result in self.results.values() for warning in result.warnings))

    def diff(self) -> dict:
        """Before and after with placeholders instead of values."""
        parts = {namespace: result.diff() for namespace, result in sorted(self.results.items())}
        return {side: {namespace: part[side] for namespace, part in parts.items()} for side in ("before", "after")}
