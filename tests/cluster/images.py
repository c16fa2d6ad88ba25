# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of the module minikube_image as a user would make them, and images to run it with."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from harness import TestCluster
from modules import run_module


@dataclass
class ImageModule:
    """The module on one profile, in a shell with ``shell``'s variables too."""

    profile: str
    minikube_home: Path
    minikube: str = "minikube"
    shell: dict = field(default_factory=dict)

    @property
    def where(self) -> dict:
        """The module's options that name the profile."""
        return {"profile": self.profile, "minikube_home": str(self.minikube_home), "minikube": self.minikube}

    def run(self, check: bool = False, **arguments) -> dict:
        """The module's result; see run_module."""
        return run_module("minikube_image", check, self.shell, **{**self.where, **arguments})

    def well(self, check: bool = False, **arguments) -> dict:
        """As run, where it must end well."""
        result = self.run(check, **arguments)
        assert not result["failed"], result
        return result


def write_context(folder: Path, base: str, **files: bytes | str) -> Path:
    """A context that puts each of its files into a layer of its own, upon ``base``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "Dockerfile").write_text(f"FROM {base}\n" + "".join(f"COPY {name} /{name}\n" for name in files))
    return folder


def build_on_host(reference: str, context: Path) -> str:
    """Builds with this host's engine, as a pipeline or a colleague would, and returns the image's ID."""
    command = ["docker", "build", "--quiet", "--tag", reference, str(context)]
    return subprocess.run(command, check=True, text=True, capture_output=True).stdout.strip()


def remove_from_host(*beginnings: str) -> None:
    """Removes the images of this host's engine whose names begin so."""
    listed = subprocess.run(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"], check=True, text=True, capture_output=True).stdout
    made = [reference for reference in listed.splitlines() if reference.startswith(beginnings)]
    if made:
        subprocess.run(["docker", "image", "rm", "--force", *made], check=True, capture_output=True)


def _deployment(namespace: str, name: str, image: str) -> str:
    container = {"name": "c", "image": image, "imagePullPolicy": "Never", "command": ["sleep", "3600"]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": spec})


def roll_out(cluster: TestCluster, namespace: str, name: str, image: str) -> None:
    """Has a Deployment of one pod that sleeps in ``image``, which must be in the node."""
    cluster.kubectl("apply", "-f", "-", stdin=_deployment(namespace, name, image))
    cluster.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=300s")


def restart(cluster: TestCluster, namespace: str, name: str) -> None:
    cluster.kubectl("-n", namespace, "rollout", "restart", f"deployment/{name}")
    cluster.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=300s")


def running_image(cluster: TestCluster, namespace: str, name: str) -> str:
    """The ID of the image that the newest pod of a Deployment runs."""
    pods = cluster.objects("pods", namespace, "-l", f"app={name}")
    newest = max(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])
    status = newest["status"]["containerStatuses"][0]
    return "sha256:" + status["imageID"].rpartition("sha256:")[2]
