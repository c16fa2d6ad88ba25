# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a workload still is what the release made it, as far as that decides whether its containers start. Pure."""

from __future__ import annotations

FIELDS = ("image", "command", "args", "env", "envFrom", "volumeMounts")


def drifted(live: dict, released: dict) -> list[str]:
    """What of the pod template differs from the release's, as "container field". The API server's defaults are no difference."""
    wanted = {spec["name"]: spec for spec in _containers(released)}
    found = {spec["name"]: spec for spec in _containers(live)}
    differing = [f"container {name}" for name in wanted.keys() ^ found.keys()]
    for name in wanted.keys() & found.keys():
        differing += [f"{name}'s {key}" for key in FIELDS if not _contains(found[name].get(key) or [], wanted[name].get(key) or [])]
    return sorted(differing)


def restored(released: dict) -> dict:
    """What of the spec is set back to the release's: what may be changed of a StatefulSet, too."""
    return {key: released["spec"][key] for key in ("template", "replicas") if key in released["spec"]}


def _containers(obj: dict) -> list[dict]:
    spec = obj["spec"]["template"]["spec"]
    return [*(spec.get("initContainers") or []), *spec["containers"]]


def _contains(found, wanted) -> bool:
    """Whether everything wanted is there; lists have to be as long, and what is off is not kept by the API server."""
    if not wanted:
        return not found
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_contains(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_contains, found, wanted))
    return str(found) == str(wanted)
