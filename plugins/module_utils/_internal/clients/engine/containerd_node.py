# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node whose cluster runs on containerd, used through its own crictl and ctr. Builds run in the host's engine."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property

from ...write_guard import WRITES
from .client import Engine
from .shell import NodeShell

CTR = ("ctr", "--namespace", "k8s.io")
HUB = "docker.io"


class ContainerdNode:
    """Images are dicts in the form of the Docker Engine's list, with Docker's short names."""

    archive_format = "oci"  # what ``load`` expects
    builds_inside = False

    def __init__(self, shell: NodeShell, host: Engine | None = None):
        self._shell = shell
        self._host = host
        self.name = shell.name

    @cached_property
    def host(self) -> Engine:
        """The host's engine, which has images that were built elsewhere."""
        return self._host or Engine.of_host()

    @property
    def builder(self) -> Engine:
        """The engine that builds for this node."""
        return self.host

    def images(self, names: Iterable[str] = ()) -> list[dict]:
        """All images with a name: Id, RepoTags, RepoDigests; and Labels and Created (seconds) of those with one of ``names``."""
        images = [_in_docker_form(image) for image in self._crictl("images")["images"]]
        requested = {short_name(name) for name in names}
        matching = [image for image in images if requested & {tag.rpartition(":")[0] for tag in image["RepoTags"]}]
        details = self._details([image["Id"] for image in matching])
        return [{**image, **details.get(image["Id"], {})} for image in images]

    def image_id(self, reference: str) -> str | None:
        """The ID of an image, None where the node does not have it."""
        # crictl's filter by name returns all images
        matching = (image["id"] for image in self._crictl("images")["images"] if full_name(reference) in image["repoTags"])
        return next(map(_with_algorithm, matching), None)

    def tag(self, image_id: str, name: str, tag: str):
        """Tags an existing image; an image that has this tag loses it."""
        source = next((image["RepoTags"] or image["RepoDigests"] for image in self.images() if image["Id"] == image_id), None)
        self._write(*CTR, "images", "tag", "--force", full_name(source[0]) if source else image_id, full_name(f"{name}:{tag}"))

    def untag(self, reference: str):
        """Removes a tag, and the image with its last tag.

        The kubelet's side refers to an image by its ID as well, so the last tag is removed through crictl.
        """
        tags: list[str] = next((image["RepoTags"] for image in self.images() if short_name(reference) in image["RepoTags"]), [])
        if len(tags) > 1:
            self._write(*CTR, "images", "rm", full_name(reference))
        elif tags:
            self._write("crictl", "rmi", full_name(reference))

    def present_layers(self, layers: list[str]) -> set[str]:
        """The layers of an image (diff IDs) that need not be sent.

        Layers that were pulled compressed have other digests, and containerd deletes them once they are unpacked.
        """
        return set(layers) & set(self._shell.run(*CTR, "content", "ls", "--quiet").split())

    def load(self, archive: Iterable[bytes]):
        """Loads an OCI layout. Raises ShellError where containerd did not accept all of it."""
        self._write(*CTR, "images", "import", "-", stdin=archive)

    def used_images(self) -> set[str]:
        """The IDs of images with containers."""
        return {_with_algorithm(container["imageRef"]) for container in self._crictl("ps", "--all")["containers"]}

    def _write(self, *command: str, stdin: Iterable[bytes] = ()):
        WRITES.before_write()
        self._shell.run(*command, stdin=stdin)

    def _crictl(self, *arguments: str) -> dict:
        command, *rest = arguments
        return json.loads(self._shell.run("crictl", command, "--output", "json", *rest))

    def _details(self, ids: list[str]) -> dict[str, dict]:
        if not ids:
            return {}
        printed = self._shell.run("crictl", "inspecti", "--output", "json", *ids)
        return {_with_algorithm(document["status"]["id"]): _labels_and_time(document) for document in _documents(printed)}


def full_name(reference: str) -> str:
    """A reference in containerd's form.

    >>> full_name("backend-api:1"), full_name("todo/api:1"), full_name("localhost:5000/api:1")
    ('docker.io/library/backend-api:1', 'docker.io/todo/api:1', 'localhost:5000/api:1')
    """
    first, slash, _rest = reference.partition("/")
    if not slash:
        return f"{HUB}/library/{reference}"
    if "." in first or ":" in first or first == "localhost":
        return reference
    return f"{HUB}/{reference}"


def short_name(reference: str) -> str:
    """A reference of containerd in the form in which Docker lists it.

    >>> short_name("docker.io/library/backend-api:1")
    'backend-api:1'
    """
    return reference.removeprefix(f"{HUB}/library/").removeprefix(f"{HUB}/")


def _in_docker_form(image: dict) -> dict:
    return {
        "Id": _with_algorithm(image["id"]),
        "RepoTags": [short_name(tag) for tag in image.get("repoTags") or []],
        "RepoDigests": [short_name(digest) for digest in image.get("repoDigests") or []],
    }


def _labels_and_time(document: dict) -> dict:
    spec = (document.get("info") or {}).get("imageSpec") or {}
    created = spec.get("created")
    seconds = int(datetime.fromisoformat(created).timestamp()) if created else 0
    return {"Labels": (spec.get("config") or {}).get("Labels") or {}, "Created": seconds}


def _documents(text: str) -> Iterator[dict]:
    """The JSON documents in crictl's output: one after the other, or a list in later versions."""
    decoder = json.JSONDecoder()
    text = text.strip()
    while text:
        document, end = decoder.raw_decode(text)
        yield from document if isinstance(document, list) else [document]
        text = text[end:].lstrip()


def _with_algorithm(digest: str) -> str:
    return digest if digest.startswith("sha256:") else f"sha256:{digest}"
