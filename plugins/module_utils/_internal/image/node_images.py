# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images of an engine or a node, by name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .digest import SHORT
from .reference import normalize_reference

LABEL = "runbook.minikube.build"  # the text of BuildInputs; a single label, as each one is a build step of 0.1 s


@dataclass(frozen=True)
class NodeImage:
    """An image in the node. ``names`` are its normalized tags and digests; ``created`` is in seconds since the epoch."""

    id: str
    names: frozenset[str]
    labels: dict[str, str]
    created: int = 0

    @property
    def digest(self) -> str | None:
        """The digest of its build, None if this collection did not build it."""
        return build_digest(self.labels)


def build_digest(labels: dict[str, str] | None) -> str | None:
    """The digest of the build in an image's labels, or None."""
    return (labels or {}).get(LABEL, "").partition(" ")[0] or None


def short_id(image_id: str) -> str:
    """The digits of an image's ID that are used as a tag."""
    return image_id.removeprefix("sha256:")[:SHORT]


class NodeImages:
    """The images of a node by name. An ID, or the beginning of one, is a name too, if it was added."""

    def __init__(self, images: Iterable[NodeImage] = ()):
        self._by_name = {name: image for image in images for name in image.names}

    def add(self, name: str, image: NodeImage):
        """Adds a name of the image, as a Dockerfile uses it."""
        self._by_name[name] = image

    def named(self, reference: str) -> NodeImage | None:
        """The image that a reference resolves to in this node, or None."""
        return self._by_name.get(reference) or self._by_name.get(normalize_reference(reference))

    def has(self, image_id: str) -> bool:
        """Whether the node has an image of this ID, under any name."""
        return any(image.id == image_id for image in self._by_name.values())

    def tags(self, name: str) -> list[tuple[str, NodeImage]]:
        """The tagged references of the repository ``name``, each with its image."""
        repository = normalize_reference(name).rpartition(":")[0]
        return [(ref, image) for ref, image in self._by_name.items() if "@" not in ref and ref.rpartition(":")[0] == repository]

    def latest_build(self, name: str) -> tuple[str, NodeImage] | None:
        """The newest build of the repository ``name``, as reference and image, or None."""
        builds = [(ref, image) for ref, image in self.tags(name) if image.digest]
        return max(builds, key=lambda build: (build[1].created, build[0]), default=None)

    def latest_load(self, name: str) -> tuple[str, NodeImage] | None:
        """The newest image of the repository ``name`` that was built elsewhere, as reference and image, or None."""
        loads = [(ref, image) for ref, image in self.tags(name) if ref.endswith(f":{short_id(image.id)}")]
        return max(loads, key=lambda load: (load[1].created, load[0]), default=None)
