# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decides what is done for each image. Pure: what the node has and what a build starts from in, plans out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.image.context import SHORT, Inputs, inputs_of
from ansible_collections.runbook.minikube.plugins.module_utils.image.reference import familiar
from ansible_collections.runbook.minikube.plugins.module_utils.image.source import Source

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

    def former_build(self, name: str) -> tuple[str, NodeImage] | None:
        """The newest build of the image ``name`` and a reference of it, or None."""
        builds = [(ref, image) for ref, image in self._by_name.items() if ref.rpartition(":")[0] == name and image.digest]
        return max(builds, key=lambda build: (build[1].created, build[0]), default=None)


@dataclass(frozen=True)
class Plan:
    """What is to be done for one image, and why.

    ``action`` is built, tagged or reused. ``inputs`` and ``content_tag`` are None while a base image is missing in the node.
    """

    source: Source
    action: str
    reason: str
    inputs: Inputs | None = None
    before: str | None = None
    present: NodeImage | None = None  # the image that is tagged or reused
    bases: dict[str, str] = field(default_factory=dict)  # reference: ID
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.source.request.name

    @property
    def content_tag(self) -> str | None:
        return self.inputs.digest[:SHORT] if self.inputs else None

    @property
    def tag(self) -> str | None:
        """The tag to deploy: the fixed one, or the content tag."""
        return self.source.request.tag or self.content_tag

    @property
    def reference(self) -> str | None:
        """What a manifest names, None where a missing base image leaves the content tag open."""
        return f"{self.name}:{self.tag}" if self.tag else None

    def __str__(self) -> str:
        what = {"built": "build", "tagged": "tag", "reused": "keep"}[self.action]
        return f"{what} {self.reference or self.name}: {self.reason}"


def missing_bases(sources: Iterable[Source], node: NodeImages) -> dict[str, str | None]:
    """The base images that the node lacks, each with the platform of the first build that needs it."""
    missing: dict[str, str | None] = {}
    for source in sources:
        for base in source.bases:
            if not node.named(base):
                missing.setdefault(base, source.request.platform)
    return missing


def make_plan(source: Source, node: NodeImages) -> Plan:
    """What is to be done so that the image asked for is in the node."""
    found = {base: node.named(base) for base in source.bases}
    missing = tuple(base for base, image in found.items() if image is None)
    former = node.former_build(source.request.name)
    before = _before(source, node, former)
    if missing:
        reason = f"the base image {', '.join(missing)} is not in the node yet; it is pulled first, and only then is the content tag known"
        return Plan(source, "built", reason, before=before, missing=missing)
    bases = {base: image.id for base, image in found.items() if image}
    request = source.request
    inputs = inputs_of(source.entries, source.dockerfile, request.args, request.target, request.platform, bases.values())
    action, reason, present = _decide(source, inputs, node, former)
    return Plan(source, action, reason, inputs, before, present, bases)


def _decide(source: Source, inputs: Inputs, node: NodeImages, former) -> tuple[str, str, NodeImage | None]:
    name, fixed = source.request.name, source.request.tag
    by_content = node.named(f"{name}:{inputs.digest[:SHORT]}")
    by_tag = node.named(f"{name}:{fixed}") if fixed else by_content
    moved = by_content and by_tag and by_content.id != by_tag.id  # a label is inherited by what others build upon an image
    if by_tag and by_tag.digest == inputs.digest and not moved:
        return "reused", "nothing changed since it was built", by_tag
    if by_content and by_content.digest == inputs.digest:
        return "tagged", f"it was built before, but the tag {fixed} means another image or none", by_content
    return "built", _why_build(inputs, former), None


def _why_build(inputs: Inputs, former) -> str:
    if former is None:
        return "the node has no build of it"
    reference, image = former
    parts = inputs.changed_since(image.labels[LABEL])
    if not parts:
        return f"the tag of {reference} means another image now"
    return f"changed since {reference}: {', '.join(parts)}"


def _before(source: Source, node: NodeImages, former) -> str | None:
    if source.request.tag:
        reference = f"{source.request.name}:{source.request.tag}"
        return reference if node.named(reference) else None
    return former[0] if former else None
