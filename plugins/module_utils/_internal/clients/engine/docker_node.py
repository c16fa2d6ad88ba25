# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node whose cluster runs on Docker: its images are those of the Docker Engine in it, which can build them too."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from .client import Engine


class DockerNode:
    """Images have the same form as ContainerdNode's. ``builder`` is the engine that builds for this node: its own."""

    archive_format = "docker"  # what ``load`` expects
    builds_inside = True

    def __init__(self, engine: Engine):
        self.builder = engine
        self.name = engine.name

    @cached_property
    def host(self) -> Engine:
        """The host's engine, which has images that were built elsewhere."""
        return Engine.of_host()

    def images(self, _names: Iterable[str] = ()) -> list[dict]:
        """All images with a name: Id, RepoTags, RepoDigests, Labels, Created (seconds)."""
        return self.builder.images()

    def image_id(self, reference: str) -> str | None:
        """The ID of an image, None where the node does not have it."""
        image = self.builder.image(reference)
        return image["Id"] if image else None

    def tag(self, image_id: str, name: str, tag: str):
        """Tags an existing image; an image that has this tag loses it."""
        self.builder.tag(image_id, name, tag)

    def untag(self, reference: str):
        """Removes a tag, and the image with its last tag."""
        self.builder.untag(reference)

    def present_layers(self, layers: list[str]) -> set[str]:
        """The layers of an image (diff IDs, the lowest first) that need not be sent: Docker identifies a layer by all layers below it."""
        images = (self.builder.image(image["Id"]) for image in self.builder.images())
        shared = longest_shared(layers, [(image or {}).get("RootFS", {}).get("Layers") or [] for image in images])
        return set(layers[:shared])

    def load(self, archive: Iterable[bytes]):
        """Loads a Docker archive. Raises EngineError where the engine did not accept all of it."""
        self.builder.load(archive)

    def used_images(self) -> set[str]:
        """The IDs of images with containers."""
        return {container["ImageID"] for container in self.builder.containers()}


def longest_shared(layers: list[str], others: Iterable[list[str]]) -> int:
    """How many of the lowest layers one of the other images has in the same order.

    >>> longest_shared(["a", "b", "c"], [["a"], ["a", "b", "x"], ["b", "c"]])
    2
    """
    return max((_shared(layers, other) for other in others), default=0)


def _shared(layers: list[str], other: list[str]) -> int:
    count = 0
    for mine, theirs in zip(layers, other):
        if mine != theirs:
            break
        count += 1
    return count
