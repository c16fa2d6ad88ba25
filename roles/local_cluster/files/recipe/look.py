# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares what an earlier run recorded with what is there now, so that a cluster that is as it was made costs one look."""

from __future__ import annotations

from load import load_images
from steps import Step
from table import GOALS

# What the record calls a path, and the step that makes it.
PATHS = {"minikube": "program/minikube", "kubectl": "program/kubectl", "helm": "program/helm", "dapr_chart": "chart/dapr"}


def differences(record: dict, steps: dict[str, Step]) -> list[str]:
    """Why the record is not what this recipe would make and what lies in the cache, as sentences. Pure but for the look into the cache."""
    found = [f"{step.title} is not in the cache" for step in steps.values() if not step.done]
    paths, images = record.get("paths", {}), record.get("base_images", {})
    found += [f"{step_id} lies elsewhere" for name, step_id in PATHS.items() if step_id in steps and paths.get(name) != str(steps[step_id].path)]
    found += [f"image {name} has another reference" for name, reference in images.items()
              if f"image/{name}" in steps and steps[f"image/{name}"].reference != reference]
    return found


def not_loaded(goal: str, steps: dict[str, Step], host: bool, node: str) -> list[str]:
    """The goal's images that lack in the node, or with ``host`` on this host."""
    wanted = [steps[step_id] for step_id in GOALS[goal] if step_id.startswith("image/")]
    return load_images(wanted, host, node, only_list=True)
