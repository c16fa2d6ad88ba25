# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads images from the cache into the node's runtime and this host's engine, if they are missing there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from command import run
from steps import Step

_CTR = ["ctr", "--namespace", "k8s.io", "images", "import", "-"]


def load_images(images: list[Step], host: bool, node: str, check: bool) -> list[str]:
    """Loads missing images. Returns their references, each with the destination in which it was missing. With ``check`` nothing is loaded."""
    loaded = []
    for destination, present, command in _destinations(host, node):
        for step in images:
            identity = json.loads((step.path.parent / "image.json").read_text(encoding="utf-8"))["id"] if step.done else None
            if identity and present.get(step.reference) == identity:
                continue
            loaded.append(f"{step.reference} ({destination})")
            if not check:
                _load(step.path, command)
    return loaded


def _destinations(host: bool, node: str) -> list[tuple[str, dict[str, str], list[str]]]:
    """Name, images by reference, and load command of each requested destination."""
    destinations = [("this host", _docker_images(["docker"]), ["docker", "load", "--quiet"])] if host else []
    if node:
        inside = ["docker", "exec", "--interactive", node]
        if _runs_docker(node):
            destinations.append((node, _docker_images([*inside, "docker"]), [*inside, "docker", "load", "--quiet"]))
        else:
            destinations.append((node, _containerd_images(inside), [*inside, *_CTR]))
    return destinations


def _runs_docker(node: str) -> bool:
    command = ["docker", "exec", node, "systemctl", "is-active", "--quiet", "docker.service"]
    return subprocess.run(command, check=False).returncode == 0


def _docker_images(docker: list[str]) -> dict[str, str]:
    lines = run([*docker, "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def _containerd_images(inside: list[str]) -> dict[str, str]:
    images = json.loads(run([*inside, "crictl", "images", "--output", "json"]))["images"]
    identities = {}
    for image in images:
        for tag in image.get("repoTags", []):
            identity = image["id"] if image["id"].startswith("sha256:") else f"sha256:{image['id']}"
            identities[tag.removeprefix("docker.io/library/").removeprefix("docker.io/")] = identity
    return identities


def _load(archive: Path, command: list[str]) -> None:
    with archive.open("rb") as file:
        result = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"`{' '.join(command)}` failed with exit code {result.returncode}:\n{result.stderr[-2000:]}")
