# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares a workload with its release, as far as that decides whether its containers start. Pure."""

from __future__ import annotations

FIELDS = ("image", "command", "args", "env", "envFrom", "volumeMounts")


def template_differences(live: dict, released: dict) -> list[str]:
    """Which fields of the pod template differ from the release's, as "container's field". Defaults of the API server do not count."""
    expected = {spec["name"]: spec for spec in _containers(released)}
    actual = {spec["name"]: spec for spec in _containers(live)}
    differing = [f"container {name}" for name in expected.keys() ^ actual.keys()]
    for name in expected.keys() & actual.keys():
        differing += [f"{name}'s {key}" for key in FIELDS if not _contains(actual[name].get(key) or [], expected[name].get(key) or [])]
    return sorted(differing)


def restored_spec(released: dict) -> dict:
    """The fields of the spec that are reset to the release's: those that are mutable in a StatefulSet, too."""
    return {key: released["spec"][key] for key in ("template", "replicas") if key in released["spec"]}


def _containers(obj: dict) -> list[dict]:
    spec = obj["spec"]["template"]["spec"]
    return [*(spec.get("initContainers") or []), *spec["containers"]]


def _contains(actual, expected) -> bool:
    """Whether everything expected is present. Lists need the same length; empty values are not stored by the API server."""
    if not expected:
        return not actual
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(_contains(actual.get(key), value) for key, value in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) == len(expected) and all(map(_contains, actual, expected))
    return str(actual) == str(expected)
