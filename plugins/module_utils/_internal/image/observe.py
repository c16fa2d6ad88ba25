# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads which images exist: one call for all, and one more for each base image that is named by its ID."""

from __future__ import annotations

from collections.abc import Iterable

from ..clients.engine.client import Engine, EngineError
from ..errors import RunbookError
from .build_context import BuildContext, ImageSource
from .node_images import NodeImage, NodeImages
from .plan import ObservedImages, missing_bases
from .prebuilt import Prebuilt, find_on_host

BAD_REQUEST = 400  # the HTTP status for an invalid reference


def observe(node, sources: Iterable[ImageSource]) -> ObservedImages:
    """Reads the images of the node (a DockerNode or ContainerdNode) and, where needed, of the host's engine."""
    sources = [find_on_host(source, node.host) if isinstance(source, Prebuilt) and not source.id else source for source in sources]
    builds = [source for source in sources if isinstance(source, BuildContext)]
    if node.builds_inside:
        images = read_images(node.builder, builds)
        return ObservedImages(sources, images, images)
    images = NodeImages(as_node_image(image) for image in node.images([source.spec.name for source in sources]))
    return ObservedImages(sources, images, read_images(node.builder, builds) if builds else NodeImages())


def read_images(engine: Engine, builds: Iterable[BuildContext]) -> NodeImages:
    """The engine's images; the base images of ``builds`` are also known by the names that the Dockerfiles use."""
    images = NodeImages(as_node_image(image) for image in engine.images())
    for base in missing_bases(builds, images):
        image = _inspect(engine, base)  # the name may be an ID, or part of one
        if image:
            images.add(base, as_node_image(image))
    return images


def _inspect(engine: Engine, base: str) -> dict | None:
    try:
        return engine.image(base)
    except EngineError as error:
        if error.status != BAD_REQUEST:
            raise
        raise RunbookError(
            f"The base image {base} of a Dockerfile is not a valid image reference. Correct the FROM line, or the build argument in it."
        ) from None


def as_node_image(image: dict) -> NodeImage:
    """An image from the engine's list, or from its inspection (which has labels and creation time in other fields)."""
    names = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
    labels = image.get("Labels") or (image.get("Config") or {}).get("Labels") or {}
    created = image.get("Created")
    named = frozenset(name for name in names if "<none>" not in name)
    return NodeImage(image["Id"], named, labels, created if isinstance(created, int) else 0)
