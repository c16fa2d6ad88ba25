# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads images from the cache into the node's runtime and this host's engine, only where they are missing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from run import run
from steps import Step

_CTR = ["ctr", "--namespace", "k8s.io", "images", "import", "-"]


def load_images(wanted: list[Step], host: bool, node: str, only_list: bool) -> list[str]:
    """Loads what is missing; returns the references, with the place where each was missing."""
    loaded = []
    for place, present, command in _places(host, node):
        for step in wanted:
            identity = json.loads((step.path.parent / "image.json").read_text(encoding="utf-8"))["id"] if step.done else None
            if identity and present.get(step.reference) == identity:
                continue
            loaded.append(f"{step.reference} ({place})")
            if not only_list:
                _load(step.path, command)
    return loaded


def _places(host: bool, node: str) -> list[tuple[str, dict[str, str], list[str]]]:
    """Name, images by reference, and loading command of each place that is asked for."""
    places = [("this host", _docker_images(["docker"]), ["docker", "load", "--quiet"])] if host else []
    if node:
        inside = ["docker", "exec", "--interactive", node]
        if _runs_docker(node):
            places.append((node, _docker_images([*inside, "docker"]), [*inside, "docker", "load", "--quiet"]))
        else:
            places.append((node, _containerd_images(inside), [*inside, *_CTR]))
    return places


def _runs_docker(node: str) -> bool:
    command = ["docker", "exec", node, "systemctl", "is-active", "--quiet", "docker.service"]
    return subprocess.run(command, check=False).returncode == 0


def _docker_images(docker: list[str]) -> dict[str, str]:
    lines = run([*docker, "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def _containerd_images(inside: list[str]) -> dict[str, str]:
    images = json.loads(run([*inside, "crictl", "images", "--output", "json"]))["images"]
    found = {}
    for image in images:
        for tag in image.get("repoTags", []):
            identity = image["id"] if image["id"].startswith("sha256:") else f"sha256:{image['id']}"
            found[tag.removeprefix("docker.io/library/").removeprefix("docker.io/")] = identity
    return found


def _load(archive: Path, command: list[str]) -> None:
    with archive.open("rb") as file:
        result = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"`{' '.join(command)}` ended with {result.returncode}:\n{result.stderr[-2000:]}")
