# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images of an engine or a node, by name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.image.context import SHORT
from ansible_collections.runbook.minikube.plugins.module_utils.image.reference import familiar

LABEL = "runbook.minikube.build"  # holds the text of Inputs; one label, as each is a step of the builder and takes 0.1 s


@dataclass(frozen=True)
class NodeImage:
    """An image in the node. ``names`` are its tags and digests in familiar form; ``created`` is in seconds since the epoch."""

    id: str
    names: frozenset[str]
    labels: dict[str, str]
    created: int = 0

    @property
    def digest(self) -> str | None:
        """The digest of the build that made it, if this collection did."""
        return digest_in(self.labels)


def digest_in(labels: dict[str, str] | None) -> str | None:
    """The digest in an image's labels, or None."""
    return (labels or {}).get(LABEL, "").partition(" ")[0] or None


def short_id(image_id: str) -> str:
    """The digits of an image's ID that make a tag."""
    return image_id.removeprefix("sha256:")[:SHORT]


class NodeImages:
    """The images of a node by name. An ID, or the beginning of one, is a name too, where ``add`` was told of it."""

    def __init__(self, images: Iterable[NodeImage] = ()):
        self._by_name = {name: image for image in images for name in image.names}

    def add(self, name: str, image: NodeImage):
        """Makes the image known by one more name, as it stands in a Dockerfile."""
        self._by_name[name] = image

    def named(self, reference: str) -> NodeImage | None:
        """The image that a reference means in this node, or None."""
        return self._by_name.get(reference) or self._by_name.get(familiar(reference))

    def has(self, image_id: str) -> bool:
        """Whether an image of this ID is there, under whatever name."""
        return any(image.id == image_id for image in self._by_name.values())

    def tags(self, name: str) -> list[tuple[str, NodeImage]]:
        """The references with a tag that the image ``name`` has, each with what it means."""
        repository = familiar(name).rpartition(":")[0]
        return [(ref, image) for ref, image in self._by_name.items() if "@" not in ref and ref.rpartition(":")[0] == repository]

    def former_build(self, name: str) -> tuple[str, NodeImage] | None:
        """The newest build of the image ``name`` and a reference of it, or None."""
        builds = [(ref, image) for ref, image in self.tags(name) if image.digest]
        return max(builds, key=lambda build: (build[1].created, build[0]), default=None)

    def former_load(self, name: str) -> tuple[str, NodeImage] | None:
        """The newest image ``name`` that somebody else built and its reference by its ID, or None."""
        loads = [(ref, image) for ref, image in self.tags(name) if ref.endswith(f":{short_id(image.id)}")]
        return max(loads, key=lambda load: (load[1].created, load[0]), default=None)
