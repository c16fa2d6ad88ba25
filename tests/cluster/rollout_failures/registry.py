# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry in the test cluster, with a public port and one with a password, so that 404 and 401 are real."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from artifact_cache import debian_tree, digest_of
from harness import TestCluster

FILES = Path(__file__).parent / "registry"
NAMESPACE = "runbook-test-registry"
OPEN, CLOSED = "localhost:5000", "localhost:5001"  # as the node's engine calls them
USER = "docker"
DOCKER = "application/vnd.docker.distribution.manifest"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass(frozen=True)
class Registry:
    """A registry that answers. ``host``: the node's address; ``password``: of the closed one's only user."""

    cluster: TestCluster
    host: str
    password: str

    def push_from_node(self, image: str, reference: str) -> None:
        """Pushes an image that the node has, and removes its new name there, so that it has to be pulled."""
        for command in (("tag", image, reference), ("push", "--quiet", reference), ("rmi", reference)):
            self.cluster.docker(*command)

    def push_program(self, repository: str, program: Path, architecture: str, in_list: bool) -> str:
        """Pushes an image of one program for an architecture, alone or as the only entry of a list; returns its reference."""
        layer = _layer(program)
        diff_id = f"sha256:{hashlib.sha256(gzip.decompress(layer)).hexdigest()}"
        config = {"architecture": architecture, "os": "linux", "config": {"Entrypoint": ["/program"]},
                  "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
        described = {"config": self._push_blob(repository, json.dumps(config).encode(), CONFIG),
                     "layers": [self._push_blob(repository, layer, LAYER)]}
        manifest = self._push_manifest(repository, "1", f"{DOCKER}.v2+json", described)
        if in_list:
            entry = {**manifest, "platform": {"architecture": architecture, "os": "linux"}}
            self._push_manifest(repository, "1", f"{DOCKER}.list.v2+json", {"manifests": [entry]})
        return f"{OPEN}/{repository}:1"

    def _push_blob(self, repository: str, content: bytes, media_type: str) -> dict:
        described = _described(content, media_type)
        place = self._call("POST", f"/v2/{repository}/blobs/uploads/", b"", media_type, 202).getheader("Location")
        path = re.sub(r"^https?://[^/]+", "", place)
        self._call("PUT", f"{path}{'&' if '?' in path else '?'}digest={described['digest']}", content, "application/octet-stream", 201)
        return described

    def _push_manifest(self, repository: str, tag: str, media_type: str, body: dict) -> dict:
        content = json.dumps({"schemaVersion": 2, "mediaType": media_type, **body}).encode()
        self._call("PUT", f"/v2/{repository}/manifests/{tag}", content, media_type, 201)
        return _described(content, media_type)

    def _call(self, method: str, path: str, body: bytes, media_type: str, expected: int) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.host, int(OPEN.rpartition(":")[2]), timeout=60)
        connection.request(method, path, body, {"Content-Type": media_type})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        assert answer.status == expected, f"{method} {path}: {answer.status} {text}"
        return answer


def start(cluster: TestCluster) -> Registry:
    """An empty registry in its own namespace. One of an earlier run is replaced."""
    image = _image(cluster)
    manifest = (FILES / "registry.manifest").read_text(encoding="utf-8")
    for word, value in {"NAMESPACE": NAMESPACE, "IMAGE": image, "OPEN_PORT": OPEN.rpartition(":")[2], "CLOSED_PORT": CLOSED.rpartition(":")[2]}.items():
        manifest = manifest.replace(word, value)
    remove(cluster)
    cluster.kubectl("apply", "-f", "-", stdin=manifest)
    cluster.kubectl("rollout", "status", "deployment/registry", "-n", NAMESPACE, "--timeout=300s")
    log = cluster.kubectl("logs", "deployment/registry", "-n", NAMESPACE, "-c", "closed")
    addresses = cluster.objects("nodes")[0]["status"]["addresses"]
    host = next(entry["address"] for entry in addresses if entry["type"] == "InternalIP")
    return Registry(cluster, host, re.search(rf"password=(\S+) user={USER}", log)[1])


def remove(cluster: TestCluster) -> None:
    """Removes the registry with all that was pushed; the image stays in the node for the next run."""
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=300s")


def _image(cluster: TestCluster) -> str:
    """The registry's image, built in the node unless it is there."""
    tree = debian_tree("registry", ["docker-registry"])
    reference = f"runbook-test/registry:{digest_of([*FILES.iterdir()], tree.parent.name)}"
    if not cluster.docker("images", "--quiet", reference).strip():
        command = ["docker", "exec", "--interactive", cluster.profile, "docker", "build", "--quiet", "--tag", reference, "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as build:
            with tarfile.open(fileobj=build.stdin, mode="w|", format=tarfile.GNU_FORMAT) as context:  # docker knows no other
                for file in (FILES / "Dockerfile", FILES / "config.yml", tree):
                    context.add(file, file.name)
            build.stdin.close()
        assert build.returncode == 0, f"the image {reference} could not be built in the node"
    return reference


def _described(content: bytes, media_type: str) -> dict:
    return {"mediaType": media_type, "size": len(content), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def _layer(program: Path) -> bytes:
    """A layer with one file, /program."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as layer:
        entry = layer.gettarinfo(program, "program")
        entry.mode, entry.uid, entry.gid = 0o755, 0, 0
        with program.open("rb") as content:
            layer.addfile(entry, content)
    return packed.getvalue()
