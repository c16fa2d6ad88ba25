# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Installs programs and images where `minikube start` looks for them before it downloads them."""

from __future__ import annotations

from pathlib import Path

import host
from cache import link_or_copy
from catalog import KUBERNETES, NODE_IMAGES, NODE_PROGRAMS
from steps import Step


def install(steps: dict[str, Step], home: Path) -> list[str]:
    """Links the cluster's programs and image archives into minikube's cache folder; returns the names of those that were missing."""
    folder = home / ".minikube" / "cache"
    pairs = [(steps[f"program/{name}"].path, folder / "linux" / host.architecture() / KUBERNETES / name) for name in NODE_PROGRAMS]
    pairs += [(steps[f"image/{name}"].path, folder / "images" / host.architecture() / _archive_name(steps[f"image/{name}"].reference))
              for name in NODE_IMAGES]
    return [target.name for source, target in pairs if link_or_copy(source, target)]


def _archive_name(reference: str) -> str:
    """Minikube's file name of an image, with an underscore instead of the tag's colon."""
    name, tag = reference.rsplit(":", 1)
    return f"{name}_{tag}"
