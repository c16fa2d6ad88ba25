# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Puts programs and images where `minikube start` looks before it downloads."""

from __future__ import annotations

from pathlib import Path

import host
from cache import link_or_copy
from steps import Step
from table import KUBERNETES, NODE_IMAGES, NODE_PROGRAMS


def place(steps: dict[str, Step], home: Path) -> list[str]:
    """Links the cluster's programs and image archives into minikube's cache folder; returns what was not there."""
    folder = home / ".minikube" / "cache"
    pairs = [(steps[f"program/{name}"].path, folder / "linux" / host.architecture() / KUBERNETES / name) for name in NODE_PROGRAMS]
    pairs += [(steps[f"image/{name}"].path, folder / "images" / host.architecture() / _archive_name(steps[f"image/{name}"].reference))
              for name in NODE_IMAGES]
    return [target.name for source, target in pairs if link_or_copy(source, target)]


def _archive_name(reference: str) -> str:
    """Minikube's file name of an image: the tag's colon becomes an underscore."""
    name, tag = reference.rsplit(":", 1)
    return f"{name}_{tag}"
