# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares the record of an earlier run with the cache and the node, so that an unchanged cluster needs a single check."""

from __future__ import annotations

from catalog import TARGETS
from load import load_images
from steps import Step

# The names of paths in the record, and the steps that build them.
PATHS = {"minikube": "program/minikube", "kubectl": "program/kubectl", "helm": "program/helm", "dapr_chart": "chart/dapr"}


def differences(record: dict, steps: dict[str, Step]) -> list[str]:
    """How the record differs from the catalog and the cache, as sentences. Pure, except that the cache is read."""
    result = [f"{step.title} is not in the cache" for step in steps.values() if not step.done]
    paths, images = record.get("paths", {}), record.get("base_images", {})
    result += [f"{step_id} has another path" for name, step_id in PATHS.items() if step_id in steps and paths.get(name) != str(steps[step_id].path)]
    others = [name for name, reference in images.items() if f"image/{name}" in steps and steps[f"image/{name}"].reference != reference]
    result += [f"image {name} has another reference" for name in others]
    return result


def missing_images(target: str, steps: dict[str, Step], host: bool, node: str) -> list[str]:
    """The target's images that are missing in the node, or with ``host`` on this host."""
    images = [steps[step_id] for step_id in TARGETS[target] if step_id.startswith("image/")]
    return load_images(images, host, node, check=True)
