# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries plans out, several at a time, and reads back from the node what came of them. One image's failure leaves the others alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ansible_collections.runbook.minikube.plugins.module_utils.engine.client import Engine
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.build import build
from ansible_collections.runbook.minikube.plugins.module_utils.image.known import short_id
from ansible_collections.runbook.minikube.plugins.module_utils.image.load import Loaded, load
from ansible_collections.runbook.minikube.plugins.module_utils.image.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.image.plan import BUILT_IN_NODE, Observed, Plan, plan_all
from ansible_collections.runbook.minikube.plugins.module_utils.image.ready import open_archive, saved_by

SEEN_WITHIN = 5  # seconds in which the cluster's side of containerd must know what was imported
SEEN_EVERY = 0.2  # seconds


@dataclass(frozen=True)
class Outcome:
    """What was done for one plan. ``error`` None means that the image was seen in the node. ``load`` is None where nothing was loaded."""

    plan: Plan
    id: str | None = None
    bytes_sent: int = 0
    load: Loaded | None = None
    seconds: float = 0.0
    pulled: tuple[str, ...] = ()
    error: RunbookError | None = None


def apply(node, observed: Observed, parallel: int, tell: Callable[[Outcome], None] = lambda outcome: None) -> list[Outcome]:
    """Pulls what is lacking, plans anew with it, and carries the plans out; the outcomes come in the order of what was asked for.

    ``tell`` is called with each outcome as soon as it is there, from several threads.
    """
    plans = plan_all(observed)
    lacking = {base: plan.source.request.platform for plan in reversed(plans) for base in plan.missing}
    refused = _pull(node.builder, lacking, parallel) if lacking else {}
    complete = plan_all(observe(node, observed.sources)) if lacking else plans

    def one(plan: Plan, first: Plan) -> Outcome:
        outcome = replace(_one(node, plan, refused), pulled=tuple(base for base in first.missing if base not in refused))
        tell(outcome)
        return outcome

    with ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(one, complete, plans))


def foresee(plans: list[Plan]) -> list[Outcome]:
    """The outcomes that applying the plans would have, where nothing fails."""
    return [Outcome(plan, pulled=plan.missing) for plan in plans]


def _pull(engine: Engine, bases: dict[str, str | None], parallel: int) -> dict[str, RunbookError]:
    """Lets the engine pull base images. Returns those that it could not, each with its cause."""

    def pull(base: str) -> RunbookError | None:
        try:
            return engine.pull(base, bases[base])
        except RunbookError as error:
            return error

    with ThreadPoolExecutor(parallel) as pool:
        return {base: error for base, error in zip(bases, pool.map(pull, bases)) if error}


def _one(node, plan: Plan, refused: dict[str, RunbookError]) -> Outcome:
    started = time.monotonic()
    steps = {"built": _build, "loaded": _load, "tagged": _tag, "reused": _reuse}
    try:
        _require_bases(node, plan, refused)
        outcome = steps[plan.action](node, plan)
    except RunbookError as error:
        outcome = Outcome(plan, error=error)
    return replace(outcome, seconds=round(time.monotonic() - started, 3))


def _require_bases(node, plan: Plan, refused: dict[str, RunbookError]):
    for base in plan.missing:
        raise RunbookError(
            f"{node.builder.where} lacks the base image {base} of {plan.name}, and cannot pull it: "
            f"{refused.get(base, 'it vanished again')} "
            f"Load it ({f'minikube image load {base}' if plan.way == BUILT_IN_NODE else 'docker load'}), "
            f"or name another one ({plan.source.request.option}.args, or the FROM line)."
        )


def _reuse(_node, plan: Plan) -> Outcome:
    return Outcome(plan, plan.present.id)


def _tag(node, plan: Plan) -> Outcome:
    return Outcome(plan, _name(node, plan, plan.present.id))


def _build(node, plan: Plan) -> Outcome:
    built, sent = build(node.builder, plan)
    if plan.way == BUILT_IN_NODE:
        return Outcome(plan, _name(node, plan, built), sent)
    return _bring(node, plan, saved_by(node.builder, built))


def _load(node, plan: Plan) -> Outcome:
    request = plan.source.request
    return _bring(node, plan, open_archive(request) if request.archive else saved_by(node.host, plan.present.id))


def _bring(node, plan: Plan, opened) -> Outcome:
    with opened as (archive, image):
        if plan.action == "loaded" and node.image_id(plan.reference) == image.id:
            return Outcome(replace(plan, action="reused", reason="the node has it, by another ID than the host's engine"), image.id)
        loaded = load(node, archive, image, f"{plan.name}:{plan.content_tag}")
    _seen(node, f"{plan.name}:{plan.content_tag}", loaded.id)
    return Outcome(plan, _name(node, plan, loaded.id), loaded.bytes_sent, loaded)


def _name(node, plan: Plan, image_id: str) -> str:
    """Gives the image its names, and returns its ID once it was read back.

    The content tag comes first and stays: it is the way back when the fixed tag moves on. What loses the fixed tag keeps a name too.
    """
    if plan.replaced:
        node.tag(plan.replaced.id, plan.name, short_id(plan.replaced.id))
    for tag in dict.fromkeys((plan.content_tag, plan.tag)):
        if node.image_id(f"{plan.name}:{tag}") != image_id:
            node.tag(image_id, plan.name, tag)
    return _seen(node, plan.reference, image_id)


def _seen(node, reference: str, image_id: str) -> str:
    """Reads the image back by its reference and returns its ID. Raises RunbookError unless it is the one that was named so."""
    deadline = time.monotonic() + SEEN_WITHIN
    while (found := node.image_id(reference)) != image_id:
        if node.builds_inside or time.monotonic() > deadline:
            raise RunbookError(
                f"{reference} is {found or 'not in the node'} after it was made as {image_id}: "
                "the line to the node was cut, or something else works on its images. Run again."
            )
        time.sleep(SEEN_EVERY)
    return image_id
