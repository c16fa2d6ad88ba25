# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which older images of an application may go. Deciding is pure; nothing goes that runs, or to which a way back leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.known import NodeImage, NodeImages, short_id
from ansible_collections.runbook.minikube.plugins.module_utils.image.plan import Plan
from ansible_collections.runbook.minikube.plugins.module_utils.image.reference import familiar

# Who names images: the workloads, and the revisions to which one of them can be undone
NAMING_KINDS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ControllerRevision", "CronJob", "Job", "Pod")
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
CONFLICT = 409  # the HTTP status for an image of which there is a container


@dataclass(frozen=True)
class InUse:
    """What must stay: the IDs of images with containers in the node, and the references that objects in the cluster name."""

    ids: set[str]
    references: set[str]

    def __contains__(self, tagged: tuple[str, NodeImage]) -> bool:
        reference, image = tagged
        return image.id in self.ids or reference in self.references or bool(image.names & self.references)


def read_in_use(node, cluster) -> InUse:
    """Asks the node for its containers, and the cluster for all that names an image, in all namespaces."""
    named = {familiar(image) for kind in NAMING_KINDS for item in cluster.list(kind) for image in images_named(item)}
    return InUse(node.used_images(), named)


def images_named(value) -> Iterator[str]:
    """The images of all containers that an object describes, however deep: a workload, a revision or a pod."""
    if isinstance(value, list):
        for item in value:
            yield from images_named(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in CONTAINERS and isinstance(item, list):
                yield from (container["image"] for container in item if container.get("image"))
            else:
                yield from images_named(item)


def removable(plans: Iterable[Plan], node: NodeImages, in_use: InUse, keep: int) -> list[str]:
    """The references that go, for each name the content tags beyond the newest ``keep``, of which the one asked for is the first."""
    return [reference for plan in plans for reference in _beyond(plan, node, keep) if (reference, node.named(reference)) not in in_use]


def _beyond(plan: Plan, node: NodeImages, keep: int) -> list[str]:
    own = {familiar(f"{plan.name}:{tag}") for tag in (plan.content_tag, plan.tag) if tag}
    others = [(image.created, ref) for ref, image in node.tags(plan.name) if ref not in own and is_content_tag(ref, image)]
    return [reference for _created, reference in sorted(others, reverse=True)[keep - 1 :]]


def is_content_tag(reference: str, image: NodeImage) -> bool:
    """Whether a tag was made from the image's content: only such are this collection's to remove."""
    tag = reference.rpartition(":")[2]
    return tag in (short_id(image.id), short_id(image.digest or ""))


def remove(node, references: Iterable[str]) -> tuple[list[str], RunbookError | None]:
    """Takes the names away, and the images with them. Returns those that are gone, and why it ended early, if it did."""
    removed: list[str] = []
    for reference in references:
        try:
            node.untag(reference)
        except RunbookError as error:
            if getattr(error, "status", None) == CONFLICT:
                continue  # somebody began to use it meanwhile
            return removed, RunbookError(f"The images are there, but the older {reference} cannot be removed: {error}")
        removed.append(reference)
    return removed, None
