# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removes older content tags. An image that is in use, or that a rollback may need, is never removed. The decision is pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import RunbookError
from .node_images import NodeImage, NodeImages, short_id
from .plan import ImagePlan
from .reference import normalize_reference

# Kinds that name images: the workloads, and the revisions to which they can be rolled back
KINDS_WITH_IMAGES = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ControllerRevision", "CronJob", "Job", "Pod")
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
CONFLICT = 409  # the HTTP status for an image that a container uses


@dataclass(frozen=True)
class ImagesInUse:
    """Images that are never removed: the IDs of those with containers in the node, and the references in objects of the cluster."""

    ids: set[str]
    references: set[str]

    def uses(self, reference: str, image: NodeImage) -> bool:
        """Whether an image is in use, under that reference or any other."""
        return image.id in self.ids or reference in self.references or bool(image.names & self.references)


def read_in_use(node, cluster) -> ImagesInUse:
    """Reads the node's containers, and all objects of the cluster that name an image, in all namespaces."""
    references = {normalize_reference(image) for kind in KINDS_WITH_IMAGES for item in cluster.list(kind) for image in images_in(item)}
    return ImagesInUse(node.used_images(), references)


def images_in(value) -> Iterator[str]:
    """The images of all containers in an object, at any depth: a workload, a revision or a pod."""
    if isinstance(value, list):
        for item in value:
            yield from images_in(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in CONTAINERS and isinstance(item, list):
                yield from (container["image"] for container in item if container.get("image"))
            else:
                yield from images_in(item)


def removable_tags(plans: Iterable[ImagePlan], node: NodeImages, in_use: ImagesInUse, keep_tags: int) -> list[str]:
    """The references to remove: of each image the content tags beyond the newest ``keep_tags``, the requested one counted as the newest."""
    surplus = [(reference, node.named(reference)) for plan in plans for reference in _surplus_tags(plan, node, keep_tags)]
    return [reference for reference, image in surplus if image and not in_use.uses(reference, image)]


def _surplus_tags(plan: ImagePlan, node: NodeImages, keep_tags: int) -> list[str]:
    own = {normalize_reference(f"{plan.name}:{tag}") for tag in (plan.content_tag, plan.tag) if tag}
    others = [(image.created, ref) for ref, image in node.tags(plan.name) if ref not in own and is_content_tag(ref, image)]
    return [reference for _created, reference in sorted(others, reverse=True)[keep_tags - 1 :]]


def is_content_tag(reference: str, image: NodeImage) -> bool:
    """Whether a tag was derived from the image's content: only such tags are removed."""
    tag = reference.rpartition(":")[2]
    return tag in (short_id(image.id), short_id(image.digest or ""))


def remove(node, references: Iterable[str]) -> tuple[list[str], RunbookError | None]:
    """Removes the tags, and images with their last tag. Returns the removed ones, and the error that ended it early, if any."""
    removed: list[str] = []
    for reference in references:
        try:
            node.untag(reference)
        except RunbookError as error:
            if getattr(error, "status", None) == CONFLICT:
                continue  # it is in use meanwhile
            return removed, RunbookError(f"The images are in place, but the older image {reference} could not be removed: {error}")
        removed.append(reference)
    return removed, None
