# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decides what is done for each image. Pure: the node's images and the requested ones in, plans out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .build_context import BuildContext, ImageSource
from .digest import SHORT, BuildInputs, build_inputs
from .node_images import LABEL, NodeImage, NodeImages, short_id
from .prebuilt import Prebuilt
from .reference import normalize_reference

BUILT_IN_NODE, BUILT_ON_HOST, LOADED = "built_in_node", "built_on_host", "loaded"  # how an image gets into the node


@dataclass(frozen=True)
class ObservedImages:
    """The requested images, the node's images, and those of the engine that builds, which are the same if the node itself builds."""

    sources: list[ImageSource]
    node: NodeImages
    builder: NodeImages


@dataclass(frozen=True)
class ImagePlan:
    """What is done for one image, and why.

    ``action`` is built, loaded, tagged or reused. ``inputs`` are those of a build, None while a base image is missing;
    ``content_tag`` is then None too.
    """

    source: ImageSource
    action: str
    reason: str
    method: str = BUILT_IN_NODE
    inputs: BuildInputs | None = None
    before: str | None = None
    existing: NodeImage | None = None  # the image that is loaded, tagged or reused, as its engine lists it
    replaced: NodeImage | None = None  # the image that loses the fixed tag and has no other one
    bases: dict[str, str] = field(default_factory=dict)  # reference: ID
    missing: tuple[str, ...] = ()  # base images

    @property
    def name(self) -> str:
        return self.source.spec.name

    @property
    def content_tag(self) -> str | None:
        """The tag derived from the content: from the build's inputs, or from the ID of an image that was built elsewhere."""
        if isinstance(self.source, Prebuilt):
            return short_id(self.source.id)
        return self.inputs.digest[:SHORT] if self.inputs else None

    @property
    def existing_id(self) -> str:
        """The ID of the image that is loaded, tagged or reused."""
        return self.existing.id if self.existing else ""

    @property
    def tag(self) -> str | None:
        """The tag to deploy: the fixed one, or the content tag."""
        return self.source.spec.tag or self.content_tag

    @property
    def reference(self) -> str | None:
        """The reference for manifests, None while a missing base image leaves the content tag unknown."""
        return f"{self.name}:{self.tag}" if self.tag else None

    def __str__(self) -> str:
        verb = {"built": "build", "loaded": "load", "tagged": "tag", "reused": "keep"}[self.action]
        return f"{verb} {self.reference or self.name}: {self.reason}"


def missing_bases(sources: Iterable[ImageSource], node: NodeImages) -> dict[str, str | None]:
    """The base images that the node lacks, each with the platform of the first build that needs it."""
    missing: dict[str, str | None] = {}
    for source in sources:
        for base in source.bases:
            if not node.named(base):
                missing.setdefault(base, source.spec.platform)
    return missing


def plan_all(observed: ObservedImages) -> list[ImagePlan]:
    """The plans for all requested images, in their order."""
    return [make_plan(source, observed.node, observed.builder) for source in observed.sources]


def make_plan(source: ImageSource, node: NodeImages, builder: NodeImages | None = None) -> ImagePlan:
    """The plan that brings the requested image into the node.

    ``builder``: the images of the engine that builds, if that is not the node.
    """
    plan = _plan_load(source, node) if isinstance(source, Prebuilt) else _plan_build(source, node, builder or node)
    return plan if plan.action == "reused" else replace(plan, replaced=_replaced(source, node, plan))


def _plan_load(prebuilt: Prebuilt, node: NodeImages) -> ImagePlan:
    name, fixed = prebuilt.spec.name, prebuilt.spec.tag
    requested = NodeImage(prebuilt.id, frozenset(), {})
    by_content = node.named(f"{name}:{short_id(prebuilt.id)}")
    by_tag = node.named(f"{name}:{fixed}") if fixed else by_content
    before = _before(prebuilt, node, None if fixed else node.latest_load(name))
    if by_tag and by_tag.id == prebuilt.id:
        return ImagePlan(prebuilt, "reused", "the node has it", LOADED, before=before, existing=by_tag)
    if node.has(prebuilt.id):
        return ImagePlan(prebuilt, "tagged", "the node has it under another name", LOADED, before=before, existing=requested)
    return ImagePlan(prebuilt, "loaded", "the node does not have it", LOADED, before=before, existing=requested)


def _plan_build(source: BuildContext, node: NodeImages, builder: NodeImages) -> ImagePlan:
    method = BUILT_IN_NODE if builder is node else BUILT_ON_HOST
    images = {base: builder.named(base) for base in source.bases}
    missing = tuple(base for base, image in images.items() if image is None)
    latest = node.latest_build(source.spec.name)
    before = _before(source, node, latest)
    if missing:
        reason = f"the base image {', '.join(missing)} is missing and is pulled first; the content tag is known after that"
        return ImagePlan(source, "built", reason, method, before=before, missing=missing)
    bases = {base: image.id for base, image in images.items() if image}
    spec = source.spec
    inputs = build_inputs(source.entries, source.dockerfile, spec.args, spec.target, spec.platform, bases.values())
    action, reason, existing = _decide(source, inputs, node, latest)
    built = builder.named(f"{spec.name}:{inputs.digest[:SHORT]}")
    if action == "built" and method == BUILT_ON_HOST and built and built.digest == inputs.digest:
        action, reason, existing = "loaded", "it was built before, but the node does not have it", built
    return ImagePlan(source, action, reason, method, inputs, before, existing, bases=bases)


def _replaced(source: ImageSource, node: NodeImages, plan: ImagePlan) -> NodeImage | None:
    """The image that has the fixed tag now, if that is its only tag: a rollback would need another one."""
    fixed = f"{source.spec.name}:{source.spec.tag}"
    image = node.named(fixed) if source.spec.tag else None
    if image is None or (plan.existing and image.id == plan.existing.id):
        return None
    others = [name for name in image.names if "@" not in name and normalize_reference(name) != normalize_reference(fixed)]
    return None if others else image


def _decide(source: BuildContext, inputs: BuildInputs, node: NodeImages, latest) -> tuple[str, str, NodeImage | None]:
    name, fixed = source.spec.name, source.spec.tag
    by_content = node.named(f"{name}:{inputs.digest[:SHORT]}")
    by_tag = node.named(f"{name}:{fixed}") if fixed else by_content
    moved = by_content and by_tag and by_content.id != by_tag.id  # images built on top of this one inherit its label
    if by_tag and by_tag.digest == inputs.digest and not moved:
        return "reused", "unchanged since it was built", by_tag
    if by_content and by_content.digest == inputs.digest:
        return "tagged", f"it was built before, but the tag {fixed} refers to another image or does not exist", by_content
    return "built", _build_reason(inputs, latest), None


def _build_reason(inputs: BuildInputs, latest) -> str:
    if latest is None:
        return "the node has no build of it"
    reference, image = latest
    parts = inputs.changed_since(image.labels[LABEL])
    if not parts:
        return f"the tag of {reference} now refers to another image"
    return f"changed since {reference}: {', '.join(parts)}"


def _before(source: ImageSource, node: NodeImages, latest) -> str | None:
    if source.spec.tag:
        reference = f"{source.spec.name}:{source.spec.tag}"
        return reference if node.named(reference) else None
    return latest[0] if latest else None
