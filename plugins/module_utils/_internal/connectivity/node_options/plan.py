# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done about each workload. Pure: what was observed in, cures out."""

from __future__ import annotations

from dataclasses import replace

from ...workloads.node_options import VARIABLE
from ..network.model import NodeProcess
from .candidates import cured_by, refusals, value_with
from .model import NONE, REMOVE, SET, Cure, ObservedWorkload


def plan_present(observed: ObservedWorkload, namespace: str) -> Cure:
    """The entry that the connections need, none if they need none. ``reason`` says why nothing can be written although they do."""
    cure = Cure(
        observed.workload, namespace, observed.container, present=observed.is_own, former=_value_of(observed.entry), uid=observed.obj["metadata"]["uid"]
    )
    process = observed.probe.process if observed.probe else None
    if process and process.runtime != "node":
        return _but(cure, f"{observed.workload} runs on {process.runtime.capitalize()}, which does not read {VARIABLE}. Set its own options instead.")
    if not observed.affected or observed.probe is None or process is None:
        return cure
    flags = cured_by(observed)
    if not flags:
        return _but(cure, f"No value of {VARIABLE} cures {observed.workload}: {refusals(observed)}. Change how the application's code connects.")
    obstacle = _other_writer(observed, process)
    if obstacle:
        return _but(cure, _line_for(observed, obstacle, flags), flags)
    value = value_with(observed.probe, flags).replace("$(", "$$(")
    if observed.entry == {"name": VARIABLE, "value": value}:
        return replace(cure, flags=flags, value=value)
    return replace(cure, action=SET, flags=flags, value=value, present=True)


def plan_absent(observed: ObservedWorkload, namespace: str) -> Cure:
    """Takes back what the cure set, in every container of the workload."""
    own = observed.own_containers
    containers = {item["name"]: item for item in observed.obj["spec"]["template"]["spec"]["containers"]}
    entries = [item for name in own for item in containers.get(name, {}).get("env") or [] if item["name"] == VARIABLE]
    former = _value_of(entries[0]) if entries else ""
    return Cure(
        observed.workload, namespace, ", ".join(own), REMOVE if own else NONE, former=former, uid=observed.obj["metadata"]["uid"]
    )


def _but(cure: Cure, reason: str, flags: tuple[str, ...] = ()) -> Cure:
    return replace(cure, reason=reason, flags=flags)


def _value_of(entry: dict | None) -> str:
    return (entry or {}).get("value", "")


def _other_writer(observed: ObservedWorkload, process: NodeProcess) -> str:
    """Where NODE_OPTIONS comes from if an entry would contradict it, "" if an entry may be added or changed."""
    if not observed.spec:
        return "what adds the container to the pods"
    if observed.entry is not None and not observed.is_own:
        source = observed.entry.get("valueFrom") or {}
        return _source_of(source) if source else "the manifest"
    if process.found and process.options != process.container_options:
        return "the command that starts the application"
    if observed.entry is None and process.container_options and observed.spec.get("envFrom"):
        return f"the image or {', '.join(map(_reference_of, observed.spec['envFrom']))} (envFrom)"
    return ""


def _source_of(value_from: dict) -> str:
    (field, reference), *_none = value_from.items()
    kind = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}.get(field)
    return f"{kind} {reference['name']}, key {reference['key']}" if kind else f"valueFrom.{field}"


def _reference_of(source: dict) -> str:
    kind = "ConfigMap" if "configMapRef" in source else "Secret"
    return f"{kind} {(source.get('configMapRef') or source.get('secretRef') or {}).get('name', '')}"


def _line_for(observed: ObservedWorkload, source: str, flags: tuple[str, ...]) -> str:
    return (
        f"{VARIABLE} of container {observed.container} of {observed.workload} is set by {source}, so nothing was changed. Add to its value there, "
        f"and deploy: {' '.join(flags)}"
    )
