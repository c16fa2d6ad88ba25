# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries plans out, several at a time, and reads back from the node what came of them. One image's failure leaves the others alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ansible_collections.runbook.minikube.plugins.module_utils.engine.client import Engine, EngineError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.archive import DOCKERFILE, ContextArchive
from ansible_collections.runbook.minikube.plugins.module_utils.image.build_log import BuildLog
from ansible_collections.runbook.minikube.plugins.module_utils.image.observe import read_node_images
from ansible_collections.runbook.minikube.plugins.module_utils.image.plan import LABEL, Plan, digest_in, make_plan


@dataclass(frozen=True)
class Outcome:
    """What was done for one plan. ``error`` None means that the image was seen in the node."""

    plan: Plan
    id: str | None = None
    bytes_sent: int = 0
    seconds: float = 0.0
    pulled: tuple[str, ...] = ()
    error: RunbookError | None = None


def apply(engine: Engine, plans: list[Plan], parallel: int) -> list[Outcome]:
    """Pulls what the plans lack, completes them, and carries them out; the outcomes come in the plans' order."""
    lacking = {base: plan.source.request.platform for plan in reversed(plans) for base in plan.missing}
    refused = _pull(engine, lacking, parallel)
    complete = _complete(engine, plans) if lacking else plans
    with ThreadPoolExecutor(parallel) as pool:
        outcomes = list(pool.map(lambda plan: _one(engine, plan, refused), complete))
    return [replace(outcome, pulled=_pulled(plan, refused)) for outcome, plan in zip(outcomes, plans)]


def foresee(plans: list[Plan]) -> list[Outcome]:
    """The outcomes that applying the plans would have, where nothing fails."""
    return [Outcome(plan, pulled=plan.missing) for plan in plans]


def _pull(engine: Engine, bases: dict[str, str | None], parallel: int) -> dict[str, RunbookError]:
    """Lets the node pull base images. Returns those that it could not, each with its cause."""

    def pull(base: str) -> RunbookError | None:
        try:
            return engine.pull(base, bases[base])
        except RunbookError as error:
            return error

    with ThreadPoolExecutor(parallel) as pool:
        return {base: error for base, error in zip(bases, pool.map(pull, bases)) if error}


def _complete(engine: Engine, plans: list[Plan]) -> list[Plan]:
    node = read_node_images(engine, [plan.source for plan in plans])
    return [make_plan(plan.source, node) if plan.missing else plan for plan in plans]


def _pulled(plan: Plan, refused: dict[str, RunbookError]) -> tuple[str, ...]:
    return tuple(base for base in plan.missing if base not in refused)


def _one(engine: Engine, plan: Plan, refused: dict[str, RunbookError]) -> Outcome:
    started = time.monotonic()
    steps: dict[str, Callable[[Engine, Plan], Outcome]] = {"built": _build, "tagged": _tag, "reused": _reuse}
    try:
        _require_bases(plan, refused)
        outcome = steps[plan.action](engine, plan)
    except RunbookError as error:
        outcome = Outcome(plan, error=error)
    return replace(outcome, seconds=round(time.monotonic() - started, 3))


def _require_bases(plan: Plan, refused: dict[str, RunbookError]):
    for base in plan.missing:
        raise RunbookError(
            f"The base image {base} of {plan.name} is not in the node and cannot be pulled: {refused.get(base, 'it vanished again')} "
            f"Load it with minikube image load {base}, or name another one ({plan.source.request.option}.args, or the FROM line)."
        )


def _reuse(_engine: Engine, plan: Plan) -> Outcome:
    return Outcome(plan, plan.present.id)


def _tag(engine: Engine, plan: Plan) -> Outcome:
    engine.tag(plan.present.id, plan.name, plan.tag)
    return Outcome(plan, _seen(engine, plan, plan.present.id))


def _build(engine: Engine, plan: Plan) -> Outcome:
    """Builds without a name first: an image that is not as asked must not be found under its content tag by the next run."""
    archive = ContextArchive(plan.source)
    try:
        built = follow_build(plan, _builder(engine, plan, archive))
    except EngineError as error:
        raise RunbookError(f"Building {plan.name} ({plan.source.request.option}) failed: {error}", bytes_sent=archive.bytes_sent) from None
    except RunbookError as error:
        error.facts["bytes_sent"] = archive.bytes_sent
        raise
    _require_as_asked(plan, engine.image(built))
    engine.tag(built, plan.name, plan.content_tag)
    if plan.tag != plan.content_tag:
        engine.tag(built, plan.name, plan.tag)  # the content tag stays: it is the way back when the fixed one moves on
    return Outcome(plan, _seen(engine, plan, built), archive.bytes_sent)


def _builder(engine: Engine, plan: Plan, archive: ContextArchive) -> Iterator[dict]:
    request = plan.source.request
    return engine.build(
        archive,
        dockerfile=DOCKERFILE,
        buildargs=dict(request.args),
        # The builder puts it after the last step, so that it leaves the cache of all others as it is
        labels={LABEL: str(plan.inputs)},
        target=request.target,
        platform=request.platform,
    )


def follow_build(plan: Plan, events: Iterable[dict]) -> str:
    """Reads a builder's events to their end and returns the image's ID. Raises RunbookError with the step and the last lines."""
    log = BuildLog()
    image_id = None
    for event in events:
        log.add(event.get("stream", ""))
        image_id = event.get("aux", {}).get("ID", image_id)
        if "error" in event:
            raise build_failure(plan, log, event["error"])
    if not image_id:
        raise build_failure(plan, log, "the builder ended without an image")
    return image_id


def build_failure(plan: Plan, log: BuildLog, cause: str) -> RunbookError:
    """The failure of a build, as a person and as a program read it."""
    request = plan.source.request
    lines = log.last_lines()
    shown = "\n".join(f"  {line}" for line in lines)
    message = (
        f"Building {request.name} failed{f' in {log.step}' if log.step else ''}: {cause.strip()}\n"
        f"Last lines of the build:\n{shown}\n{_next_step(cause, request.dockerfile)}"
    )
    return RunbookError(message, step=log.step, log=lines)


def _next_step(cause: str, dockerfile: str) -> str:
    if "requires BuildKit" in cause:
        return f"The node's builder is the classic one: write this step of {dockerfile} without BuildKit's options."
    if "no space left" in cause:
        return "The node's disk is full. Free space with: docker image prune (in the node), or give the profile a larger disk."
    return f"Correct this step in {dockerfile} (or what it reads) and run again; the steps before it are cached."


def _require_as_asked(plan: Plan, found: dict | None):
    """Raises RunbookError unless the image that was built has the digest and the platform that were asked for."""
    if digest_in(((found or {}).get("Config") or {}).get("Labels")) != plan.inputs.digest:
        raise RunbookError(f"{plan.name} is not in the node as it was built: something else works on the node's images. Run again.")
    asked = plan.source.request.platform
    made = f"{found.get('Os')}/{found.get('Architecture')}"
    if asked and asked.split("/")[:2] != made.split("/"):
        raise RunbookError(
            f"{plan.name} was asked for {asked}, but the builder made {made}. "
            f"Use base images of {asked}, or leave {plan.source.request.option}.platform out."
        )


def _seen(engine: Engine, plan: Plan, image_id: str) -> str:
    """Reads the image back by its reference and returns its ID. Raises RunbookError unless it is the one that was named so."""
    found = engine.image(plan.reference)
    if found is None or found["Id"] != image_id:
        raise RunbookError(
            f"{plan.reference} is {found['Id'] if found else 'not in the node'} after it was made as {image_id}: "
            "something else works on the node's images. Run again when it has ended."
        )
    return image_id
