# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies a value to keys of Secrets, and tells which running containers do not have it yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.pods import Pods
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.running import Asked, Seen, look, require_exec
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.value import value_of
from ansible_collections.runbook.minikube.plugins.module_utils.secret_sources import Ref, Source
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.apply import Outcome, ensure, require_permissions
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.plan import Plan, Write

CURRENT, STALE, FOLLOWS, UNKNOWN = "current", "stale", "follows", "unknown"


@dataclass
class Copy:
    """What became of the destinations, by namespace, and the running containers that read them, each with its state and why."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    readers: list[tuple[Asked, str, str, str]] = field(default_factory=list)  # (container, workload, state, reason)

    def report(self) -> dict:
        """The module's result."""
        destinations = [
            {"namespace": namespace, "secret": ref.secret, "key": ref.key, "action": action}
            for namespace, outcome in sorted(self.outcomes.items())
            for ref, action in sorted(outcome.keys.items())
        ]
        stale = sorted({(asked.namespace, workload) for asked, workload, state, _reason in self.readers if state == STALE})
        return {
            "changed": any(outcome.report()["changed"] for outcome in self.outcomes.values()),
            "destinations": destinations,
            "readers": [_reader(*one) for one in self.readers],
            "restart": [{"namespace": namespace, "workload": workload} for namespace, workload in stale],
        }

    def diff(self) -> dict:
        """Before and after with placeholders in place of values."""
        parts = {namespace: outcome.diff() for namespace, outcome in sorted(self.outcomes.items())}
        return {side: {namespace: part[side] for namespace, part in parts.items()} for side in ("before", "after")}


def copy_value(cluster: Cluster, params: dict, source: dict, hide, check: bool) -> Copy:
    """Reads, plans all namespaces, and then writes. ``hide``: called with the value before anything else is done with it.

    Every permission is asked for before anything is written, in check mode too.
    """
    value = value_of(observe(cluster, params["namespace"], [source], option="source"), "source")
    hide([value])
    wanted: dict[str, dict[Ref, Source]] = {}
    for one in params["destinations"]:
        ref = Ref(one["secret"], one["key"])
        wanted.setdefault(one.get("namespace") or params["namespace"], {})[ref] = Source("value", value)
    planned = _plan_all(cluster, wanted, params["create"])
    _require_allowed(cluster, planned)
    if params["readers"]:
        require_exec(cluster, _reading(Pods(cluster), wanted))
    if check:
        copied = Copy(planned)
    else:
        copied = Copy({namespace: _ensure(cluster, namespace, sources, check=False) for namespace, sources in wanted.items()})
    if params["readers"]:
        copied.readers = _readers(cluster, wanted, value)
    return copied


def _plan_all(cluster: Cluster, wanted: dict[str, dict[Ref, Source]], create: bool) -> dict[str, Outcome]:
    """What would become of every namespace. Raises RunbookError with everything that is refused, before anything is written."""
    planned, refusals = {}, []
    for namespace, sources in wanted.items():
        try:
            planned[namespace] = _ensure(cluster, namespace, sources, check=True)
        except RunbookError as error:
            if "refusals" not in error.facts:
                raise
            refusals += error.facts["refusals"]
            continue
        if not create:
            refusals += [
                f"There is no Secret {name} in namespace {namespace}: correct the name, or set create: true to make it."
                for name in sorted(planned[namespace].created)
            ]
    if refusals:
        raise RunbookError(f"No Secret was changed. {' '.join(refusals)}", refusals=refusals)
    return planned


def _require_allowed(cluster: Cluster, planned: dict[str, Outcome]) -> None:
    """Raises RunbookError naming the permissions for the writes of one namespace, before those of another are made."""
    for namespace, outcome in planned.items():
        report = outcome.report()
        writes = [Write(one["name"], {}, one["action"] == "created") for one in report["secrets"] if one["action"] != "unchanged"]
        require_permissions(cluster, namespace, Plan(writes))


def _ensure(cluster: Cluster, namespace: str, sources: dict[Ref, Source], check: bool) -> Outcome:
    return ensure(cluster, namespace, sources, {}, _never, check)


def _never(length: int) -> str:
    raise AssertionError(f"a copy makes no value, and was asked for one of {length} characters")


def _readers(cluster: Cluster, wanted: dict[str, dict[Ref, Source]], value: bytes) -> list[tuple[Asked, str, str, str]]:
    pods = Pods(cluster)
    asked = _reading(pods, wanted)
    seen = look(cluster, asked) if asked else {}
    return [(one, pods.workload_of(one), *_state(one, seen[one], value)) for one in asked]


def _reading(pods: Pods, wanted: dict[str, dict[Ref, Source]]) -> list[Asked]:
    """The running containers that read the destinations."""
    return [one for namespace, sources in wanted.items() for ref in sources for one in pods.reading("Secret", namespace, ref.secret, ref.key)]


def _state(asked: Asked, seen: Seen, value: bytes) -> tuple[str, str]:
    if seen.unknown:
        return UNKNOWN, seen.unknown
    if seen.value == value:
        return CURRENT, ""
    if asked.reading.fixed:
        return STALE, "it runs with what it started with"
    return FOLLOWS, "the kubelet brings the file up to date within about a minute; a program that reads it only once needs a restart"


def _reader(asked: Asked, workload: str, state: str, reason: str) -> dict:
    reading = asked.reading
    return {
        "namespace": asked.namespace, "workload": workload, "pod": asked.pod, "container": reading.container,
        "how": reading.how, "where": reading.where, "state": state, "reason": reason,
    }  # fmt: skip
