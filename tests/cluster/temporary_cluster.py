# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clusters of one test file: made for it, and checked to be gone after it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import TestCluster
from images import ImageModule

from roles import PLAYBOOK, Roles


@contextmanager
def temporary_cluster(profile: str, state: Path, **variables) -> Iterator[tuple[TestCluster, ImageModule, dict]]:
    """A cluster, the module on it, and the record of what the role local_cluster made."""
    runs = Roles({"local_cluster_profile": profile, "local_cluster_state_dir": str(state), "local_cluster_memory": "3g",
                  "local_cluster_metrics_server": False, **variables})
    try:
        runs.run(PLAYBOOK).ok()
        record = json.loads((state / "local_cluster.json").read_text())
        yield TestCluster(state, profile), ImageModule(profile, state, record["minikube"]), record
    finally:
        runs.run(PLAYBOOK, local_cluster_state="absent").ok()
    for kind in ("container", "volume", "network"):
        assert subprocess.run(["docker", kind, "inspect", profile], capture_output=True, check=False).returncode != 0, kind


@contextmanager
def small_volume(profile: str, folder: Path, size: str) -> Iterator[None]:
    """The node's volume, made before the node on a file of ``size`` that is mounted by a loop device."""
    file = folder / "node.img"
    # No blocks are reserved for root, who runs the node: full is full
    subprocess.run(["truncate", "--size", size, file], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", file], check=True)
    # Docker fills a volume from the image where it is empty only
    subprocess.run(["debugfs", "-w", "-R", "rmdir lost+found", file], check=True, capture_output=True)
    device = subprocess.run(["losetup", "--find", "--show", file], check=True, text=True, capture_output=True).stdout.strip()
    try:
        options = [f"--opt={option}" for option in ("type=ext4", f"device={device}")]
        subprocess.run(["docker", "volume", "create", "--driver=local", *options, profile], check=True, capture_output=True)
        yield
    finally:
        subprocess.run(["docker", "volume", "rm", "--force", profile], check=False, capture_output=True)
        subprocess.run(["losetup", "--detach", device], check=True)
        os.unlink(file)
