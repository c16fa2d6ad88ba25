# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decides what is done for each image. Pure: what the node has and what a build starts from in, plans out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ansible_collections.runbook.minikube.plugins.module_utils.image.context import SHORT, Inputs, inputs_of
from ansible_collections.runbook.minikube.plugins.module_utils.image.known import LABEL, NodeImage, NodeImages, short_id
from ansible_collections.runbook.minikube.plugins.module_utils.image.ready import Ready
from ansible_collections.runbook.minikube.plugins.module_utils.image.reference import familiar
from ansible_collections.runbook.minikube.plugins.module_utils.image.source import Source

BUILT_IN_NODE, BUILT_ON_HOST, LOADED = "built_in_node", "built_on_host", "loaded"  # the ways by which an image comes into the node


@dataclass(frozen=True)
class Observed:
    """What is asked for, the node's images, and those of the engine that builds: the same where that is the node's own."""

    sources: list[Source | Ready]
    node: NodeImages
    builder: NodeImages


@dataclass(frozen=True)
class Plan:
    """What is to be done for one image, and why.

    ``action`` is built, loaded, tagged or reused. ``inputs`` are those of a build, and None while a base image is missing;
    ``content_tag`` is then None too.
    """

    source: Source | Ready
    action: str
    reason: str
    way: str = BUILT_IN_NODE
    inputs: Inputs | None = None
    before: str | None = None
    present: NodeImage | None = None  # the image that is loaded, tagged or reused, as it is known where it is
    replaced: NodeImage | None = None  # the image that loses the fixed tag and has no other one
    bases: dict[str, str] = field(default_factory=dict)  # reference: ID
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.source.request.name

    @property
    def content_tag(self) -> str | None:
        """The tag that follows from the content: from what it is built from, or from its ID where somebody else built it."""
        if isinstance(self.source, Ready):
            return short_id(self.source.id)
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
        what = {"built": "build", "loaded": "load", "tagged": "tag", "reused": "keep"}[self.action]
        return f"{what} {self.reference or self.name}: {self.reason}"


def missing_bases(sources: Iterable[Source | Ready], node: NodeImages) -> dict[str, str | None]:
    """The base images that the node lacks, each with the platform of the first build that needs it."""
    missing: dict[str, str | None] = {}
    for source in sources:
        for base in source.bases:
            if not node.named(base):
                missing.setdefault(base, source.request.platform)
    return missing


def plan_all(observed: Observed) -> list[Plan]:
    """The plans for all that is asked for, in its order."""
    return [make_plan(source, observed.node, observed.builder) for source in observed.sources]


def make_plan(source: Source | Ready, node: NodeImages, builder: NodeImages | None = None) -> Plan:
    """What is to be done so that the image asked for is in the node.

    ``builder`` are the images of the engine that builds, if that is another one.
    """
    plan = _plan_load(source, node) if isinstance(source, Ready) else _plan_build(source, node, builder or node)
    return plan if plan.action == "reused" else replace(plan, replaced=_replaced(source, node, plan))


def _plan_load(ready: Ready, node: NodeImages) -> Plan:
    name, fixed = ready.request.name, ready.request.tag
    wanted = NodeImage(ready.id, frozenset(), {})
    by_content = node.named(f"{name}:{short_id(ready.id)}")
    by_tag = node.named(f"{name}:{fixed}") if fixed else by_content
    before = _before(ready, node, None if fixed else node.former_load(name))
    if by_tag and by_tag.id == ready.id:
        return Plan(ready, "reused", "the node has it", LOADED, before=before, present=by_tag)
    if node.has(ready.id):
        return Plan(ready, "tagged", "the node has it under another name", LOADED, before=before, present=wanted)
    return Plan(ready, "loaded", "the node does not have it", LOADED, before=before, present=wanted)


def _plan_build(source: Source, node: NodeImages, builder: NodeImages) -> Plan:
    way = BUILT_IN_NODE if builder is node else BUILT_ON_HOST
    found = {base: builder.named(base) for base in source.bases}
    missing = tuple(base for base, image in found.items() if image is None)
    former = node.former_build(source.request.name)
    before = _before(source, node, former)
    if missing:
        reason = f"the base image {', '.join(missing)} is not there yet; it is pulled first, and only then is the content tag known"
        return Plan(source, "built", reason, way, before=before, missing=missing)
    bases = {base: image.id for base, image in found.items() if image}
    request = source.request
    inputs = inputs_of(source.entries, source.dockerfile, request.args, request.target, request.platform, bases.values())
    action, reason, present = _decide(source, inputs, node, former)
    built = builder.named(f"{request.name}:{inputs.digest[:SHORT]}")
    if action == "built" and way == BUILT_ON_HOST and built and built.digest == inputs.digest:
        action, reason, present = "loaded", "it was built before, and the node does not have it", built
    return Plan(source, action, reason, way, inputs, before, present, bases=bases)


def _replaced(source: Source | Ready, node: NodeImages, plan: Plan) -> NodeImage | None:
    """The image that the fixed tag means now, where that tag is the only one that a way back could name."""
    fixed = source.request.tag and f"{source.request.name}:{source.request.tag}"
    image = node.named(fixed) if fixed else None
    if image is None or (plan.present and image.id == plan.present.id):
        return None
    others = [name for name in image.names if "@" not in name and familiar(name) != familiar(fixed)]
    return None if others else image


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


def _before(source: Source | Ready, node: NodeImages, former) -> str | None:
    if source.request.tag:
        reference = f"{source.request.name}:{source.request.tag}"
        return reference if node.named(reference) else None
    return former[0] if former else None
