# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what images there are: one call for all, and one more for each base image that is named by its ID."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.runbook.minikube.plugins.module_utils.engine.client import Engine, EngineError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.known import NodeImage, NodeImages
from ansible_collections.runbook.minikube.plugins.module_utils.image.plan import Observed, missing_bases
from ansible_collections.runbook.minikube.plugins.module_utils.image.ready import Ready, find_in_host
from ansible_collections.runbook.minikube.plugins.module_utils.image.source import Source

BAD_REQUEST = 400  # the HTTP status for what is no reference


def observe(node, sources: Iterable[Source | Ready]) -> Observed:
    """Reads the node (a DockerNode or ContainerdNode) and, where it is needed, the host's engine."""
    sources = [find_in_host(source, node.host) if _is_to_be_found(source) else source for source in sources]
    builds = [source for source in sources if isinstance(source, Source)]
    if node.builds_inside:
        images = read_images(node.builder, builds)
        return Observed(sources, images, images)
    images = NodeImages(as_node_image(image) for image in node.images([source.request.name for source in sources]))
    return Observed(sources, images, read_images(node.builder, builds) if builds else NodeImages())


def read_images(engine: Engine, builds: Iterable[Source]) -> NodeImages:
    """The engine's images, with those that the builds build upon known by the names that their Dockerfiles use."""
    images = NodeImages(as_node_image(image) for image in engine.images())
    for base in missing_bases(builds, images):
        found = _image(engine, base)  # it may be an ID, or part of one
        if found:
            images.add(base, as_node_image(found))
    return images


def _is_to_be_found(source: Source | Ready) -> bool:
    return isinstance(source, Ready) and source.id is None


def _image(engine: Engine, base: str) -> dict | None:
    try:
        return engine.image(base)
    except EngineError as error:
        if error.status != BAD_REQUEST:
            raise
        raise RunbookError(
            f"A Dockerfile builds upon {base}, which is no image reference. Correct its FROM line, or the argument in it."
        ) from None


def as_node_image(image: dict) -> NodeImage:
    """An image from the engine's list, or from its inspection (which has its labels and its time elsewhere)."""
    names = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
    labels = image.get("Labels") or (image.get("Config") or {}).get("Labels") or {}
    created = image.get("Created")
    named = frozenset(name for name in names if "<none>" not in name)
    return NodeImage(image["Id"], named, labels, created if isinstance(created, int) else 0)
