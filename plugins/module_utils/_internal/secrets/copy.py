# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies a value to keys of Secrets, and finds the running containers that do not have it yet."""

from __future__ import annotations

from collections.abc import Callable

from ..clients.cluster.client import Cluster
from ..clients.cluster.secrets import written_since
from ..clients.secret_refs.container_values import ContainerValue, Lookup, read_values, require_exec
from ..clients.secret_refs.observe import observe
from ..clients.secret_refs.pods import PodFinder
from ..clients.secret_refs.value import value_of
from ..errors import RunbookError
from ..secret_sources import Ref, Source
from .apply import ensure
from .options import CopyOptions, SecretsOptions
from .plan import UNCHANGED
from .report import CURRENT, STALE, SYNCING, UNKNOWN, ConsumerState, CopyResult, SecretsResult


def copy_value(cluster: Cluster, options: CopyOptions, hide: Callable, check: bool) -> CopyResult:
    """Reads, plans all namespaces, and then writes. ``hide``: called with the value before anything else is done with it.

    Every permission is checked before anything is written, in check mode too. Each namespace is planned before one is written.
    """
    value = value_of(observe(cluster, options.namespace, [options.source], option="source"), "source")
    hide([value])
    planned = _plan_all(cluster, options, value)
    if options.check_consumers:
        require_exec(cluster, list(_consumers(PodFinder(cluster), options)))
    if check:
        copied = CopyResult(planned)
    else:
        copied = CopyResult({namespace: _ensure(cluster, options, namespace, value, check=False) for namespace in options.destinations})
    if options.check_consumers:
        copied.consumers = _consumer_states(cluster, options, value, copied.results)
    return copied


def _plan_all(cluster: Cluster, options: CopyOptions, value: bytes) -> dict[str, SecretsResult]:
    """The predicted result by namespace. Raises RunbookError with everything that is refused, before anything is written."""
    planned, refusals = {}, []
    for namespace in options.destinations:
        try:
            planned[namespace] = _ensure(cluster, options, namespace, value, check=True)
        except RunbookError as error:
            if "refusals" not in error.facts:
                raise
            refusals += error.facts["refusals"]
            continue
        if not options.create:
            refusals += [
                f"There is no Secret {name} in namespace {namespace}: correct the name, or set create: true to create it."
                for name in sorted(planned[namespace].created)
            ]
    if refusals:
        raise RunbookError("No Secret was changed. " + " ".join(refusals), refusals=refusals)
    return planned


def _ensure(cluster: Cluster, options: CopyOptions, namespace: str, value: bytes, check: bool) -> SecretsResult:
    sources = {ref: Source("value", value) for ref in options.destinations[namespace]}
    return ensure(cluster, SecretsOptions(namespace, sources), _never, check)


def _never(length: int) -> str:
    raise AssertionError(f"a copy generates no value, and one of {length} characters was requested")


def _consumer_states(cluster: Cluster, options: CopyOptions, value: bytes, results: dict[str, SecretsResult]) -> list[ConsumerState]:
    pods = PodFinder(cluster)
    consumers = _consumers(pods, options)
    values = read_values(cluster, list(consumers)) if consumers else {}
    states = []
    for lookup, ref in consumers.items():
        state, reason, outdated = _state(lookup, values[lookup], value, results[lookup.namespace], ref)
        states.append(ConsumerState(lookup, pods.workload_of(lookup), state, reason, outdated and not pods.is_terminating(lookup)))
    return states


def _consumers(pods: PodFinder, options: CopyOptions) -> dict[Lookup, Ref]:
    """The running containers that read the destinations, each with the one that it reads."""
    return {
        lookup: ref
        for namespace, refs in options.destinations.items()
        for ref in refs
        for lookup in pods.consumers("Secret", ref.secret, namespace, ref.key)
    }


def _state(lookup: Lookup, read: ContainerValue, value: bytes, result: SecretsResult, ref: Ref) -> tuple[str, str, bool]:
    """The state, its reason, and whether the container gets the value only by a restart.

    A container that can't be asked has the value that its Secret had when it started.
    """
    if read.unknown:
        written = result.keys[ref] != UNCHANGED or written_since(result.stored[ref.secret], ref.key, lookup.started)
        outdated = lookup.consumer.needs_restart and written
        return UNKNOWN, f"{read.unknown}{'; it started before the value was written' if outdated else ''}", outdated
    if read.value == value:
        return CURRENT, "", False
    if lookup.consumer.needs_restart:
        return STALE, "it still has the value that it was started with", True
    return SYNCING, "the kubelet updates the file within about a minute; a program that reads it only once needs a restart", False
