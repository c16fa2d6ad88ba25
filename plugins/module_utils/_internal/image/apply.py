# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies plans, several at a time, and verifies the result in the node. A failed image does not affect the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ..clients.engine.client import Engine
from ..errors import RunbookError
from .build import build
from .load import LoadResult, load
from .node_images import short_id
from .observe import observe
from .plan import BUILT_IN_NODE, ImagePlan, ObservedImages, plan_all
from .prebuilt import export_from, open_archive

VERIFY_TIMEOUT = 5  # seconds until the kubelet's side of containerd must list an imported image
VERIFY_INTERVAL = 0.2  # seconds


@dataclass(frozen=True)
class ImageOutcome:
    """The result of one plan. ``error`` None means that the image was verified in the node; ``load`` None that nothing was loaded."""

    plan: ImagePlan
    id: str | None = None
    bytes_sent: int = 0
    load: LoadResult | None = None
    seconds: float = 0.0
    pulled: tuple[str, ...] = ()
    error: RunbookError | None = None


def apply(node, observed: ObservedImages, parallel: int, report_progress: Callable[[ImageOutcome], None] = lambda outcome: None) -> list[ImageOutcome]:
    """Pulls missing base images, plans again with them, and applies the plans. The outcomes are in the order of the requested images.

    ``report_progress`` is called with each outcome as soon as it is available, from several threads.
    """
    plans = plan_all(observed)
    missing = {base: plan.source.spec.platform for plan in reversed(plans) for base in plan.missing}
    pull_errors = _pull(node.builder, missing, parallel) if missing else {}
    complete = plan_all(observe(node, observed.sources)) if missing else plans

    def apply_one(plan: ImagePlan, first: ImagePlan) -> ImageOutcome:
        pulled = tuple(base for base in first.missing if base not in pull_errors)
        outcome = replace(_apply_plan(node, plan, pull_errors), pulled=pulled)
        report_progress(outcome)
        return outcome

    with ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(apply_one, complete, plans))


def predict(plans: list[ImagePlan]) -> list[ImageOutcome]:
    """The outcomes of the plans in check mode: those of a run in which nothing fails."""
    return [ImageOutcome(plan, pulled=plan.missing) for plan in plans]


def _pull(engine: Engine, bases: dict[str, str | None], parallel: int) -> dict[str, RunbookError]:
    """Pulls base images. Returns the error of each that could not be pulled."""

    def pull(base: str) -> RunbookError | None:
        try:
            return engine.pull(base, bases[base])
        except RunbookError as error:
            return error

    with ThreadPoolExecutor(parallel) as pool:
        return {base: error for base, error in zip(bases, pool.map(pull, bases)) if error}


def _apply_plan(node, plan: ImagePlan, pull_errors: dict[str, RunbookError]) -> ImageOutcome:
    started = time.monotonic()
    steps = {"built": _build, "loaded": _load, "tagged": _tag, "reused": _reuse}
    try:
        _require_bases(node, plan, pull_errors)
        outcome = steps[plan.action](node, plan)
    except RunbookError as error:
        outcome = ImageOutcome(plan, error=error)
    return replace(outcome, seconds=round(time.monotonic() - started, 3))


def _require_bases(node, plan: ImagePlan, pull_errors: dict[str, RunbookError]):
    for base in plan.missing:
        command = f"minikube image load {base}" if plan.method == BUILT_IN_NODE else "docker load"
        raise RunbookError(
            f"{node.builder.name} lacks the base image {base} of {plan.name} and could not pull it: "
            f"{pull_errors.get(base, 'it was removed again after the pull.')} "
            f"Load it ({command}), or use another base image ({plan.source.spec.option}.args, or the FROM line)."
        )


def _reuse(_node, plan: ImagePlan) -> ImageOutcome:
    return ImageOutcome(plan, plan.existing_id)


def _tag(node, plan: ImagePlan) -> ImageOutcome:
    return ImageOutcome(plan, _add_tags(node, plan, plan.existing_id))


def _build(node, plan: ImagePlan) -> ImageOutcome:
    image_id, bytes_sent = build(node.builder, plan)
    if plan.method == BUILT_IN_NODE:
        return ImageOutcome(plan, _add_tags(node, plan, image_id), bytes_sent)
    return _load_archive(node, plan, export_from(node.builder, image_id))


def _load(node, plan: ImagePlan) -> ImageOutcome:
    spec = plan.source.spec
    return _load_archive(node, plan, open_archive(spec) if spec.archive else export_from(node.host, plan.existing_id))


def _load_archive(node, plan: ImagePlan, opened) -> ImageOutcome:
    with opened as (archive, image):
        if plan.action == "loaded" and node.image_id(plan.reference) == image.id:
            reason = "the node has the image; the host's engine uses a different ID for it"
            return ImageOutcome(replace(plan, action="reused", reason=reason), image.id)
        loaded = load(node, archive, image, f"{plan.name}:{plan.content_tag}")
    _verify(node, f"{plan.name}:{plan.content_tag}", loaded.id)
    return ImageOutcome(plan, _add_tags(node, plan, loaded.id), loaded.bytes_sent, loaded)


def _add_tags(node, plan: ImagePlan, image_id: str) -> str:
    """Tags the image, verifies the reference, and returns the image's ID.

    The content tag comes first and stays: a rollback needs it when the fixed tag moves on. An image that loses the fixed tag keeps a tag too.
    """
    if plan.replaced:
        node.tag(plan.replaced.id, plan.name, short_id(plan.replaced.id))
    for tag in dict.fromkeys((plan.content_tag, plan.tag)):
        if node.image_id(f"{plan.name}:{tag}") != image_id:
            node.tag(image_id, plan.name, tag)
    return _verify(node, f"{plan.name}:{plan.tag}", image_id)


def _verify(node, reference: str, image_id: str) -> str:
    """Reads the image back by its reference and returns its ID. Raises RunbookError if it is another image."""
    deadline = time.monotonic() + VERIFY_TIMEOUT
    while (actual := node.image_id(reference)) != image_id:
        if node.builds_inside or time.monotonic() > deadline:
            raise RunbookError(
                f"{reference} was created as {image_id}, but is now {actual or 'not in the node'}: "
                "the connection to the node was lost, or another process is changing its images. Run again."
            )
        time.sleep(VERIFY_INTERVAL)
    return image_id
