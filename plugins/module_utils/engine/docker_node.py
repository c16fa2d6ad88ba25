# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node whose cluster runs on Docker: its images are those of the Docker Engine in it, which can build them too."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from ansible_collections.runbook.minikube.plugins.module_utils.engine.client import Engine
from ansible_collections.runbook.minikube.plugins.module_utils.engine.layers import longest_shared


class DockerNode:
    """Images as ContainerdNode gives them. ``builder`` is the engine that builds for this node: its own."""

    takes = "docker"  # the form of archive that ``load`` takes
    builds_inside = True

    def __init__(self, engine: Engine):
        self.builder = engine
        self.where = engine.where

    @cached_property
    def host(self) -> Engine:
        """The engine outside of the node, which has the images that others built."""
        return Engine.of_host()

    def images(self, _names: Iterable[str] = ()) -> list[dict]:
        """Every image with a name: Id, RepoTags, RepoDigests, Labels, Created (seconds)."""
        return self.builder.images()

    def image_id(self, reference: str) -> str | None:
        """The ID of an image, None where the node does not have it."""
        found = self.builder.image(reference)
        return found["Id"] if found else None

    def tag(self, image_id: str, name: str, tag: str):
        """Gives an image that is there one more name; another image loses it."""
        self.builder.tag(image_id, name, tag)

    def untag(self, reference: str):
        """Takes a name away, and the image where that was its last one."""
        self.builder.untag(reference)

    def present_layers(self, layers: list[str]) -> set[str]:
        """Those of an image's layers (diff IDs, the lowest first) that need not be sent: Docker knows a layer by all that lie under it."""
        known = (self.builder.image(image["Id"]) for image in self.builder.images())
        shared = longest_shared(layers, [(image or {}).get("RootFS", {}).get("Layers") or [] for image in known])
        return set(layers[:shared])

    def load(self, archive: Iterable[bytes]):
        """Takes a Docker archive. Raises EngineError where the engine has not taken all of it."""
        self.builder.load(archive)

    def used_images(self) -> set[str]:
        """The IDs of the images from which there are containers."""
        return {container["ImageID"] for container in self.builder.containers()}
