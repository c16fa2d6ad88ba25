# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds one image and checks that it is what was asked for. A failure says which step, and what the build wrote last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.runbook.minikube.plugins.module_utils.engine.client import Engine, EngineError
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.archive import DOCKERFILE, ContextArchive
from ansible_collections.runbook.minikube.plugins.module_utils.image.build_log import BuildLog
from ansible_collections.runbook.minikube.plugins.module_utils.image.known import LABEL, digest_in
from ansible_collections.runbook.minikube.plugins.module_utils.image.plan import Plan

NO_SPACE = "no space left"
DISK_FULL = (
    "The disk of the engine that builds is full. Free space on it (docker image prune, or older images by the option keep), "
    "or give the profile a larger disk, and run again."
)


def build(engine: Engine, plan: Plan) -> tuple[str, int]:
    """Builds, and names the image by its content tag. Returns its ID and the bytes of the context that were sent.

    It has no name first: an image that is not as asked must not be found under its content tag by the next run.
    """
    archive = ContextArchive(plan.source)
    try:
        built = follow_build(plan, _builder(engine, plan, archive))
    except EngineError as error:
        cause = f"{error} {DISK_FULL}" if NO_SPACE in str(error) else str(error)
        raise RunbookError(f"Building {plan.name} ({plan.source.request.option}) failed: {cause}", bytes_sent=archive.bytes_sent) from None
    except RunbookError as error:
        error.facts["bytes_sent"] = archive.bytes_sent
        raise
    _require_as_asked(plan, engine, built)
    engine.tag(built, plan.name, plan.content_tag)
    return built, archive.bytes_sent


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
        return f"The builder is the classic one: write this step of {dockerfile} without BuildKit's options."
    if NO_SPACE in cause:
        return DISK_FULL
    return f"Correct this step in {dockerfile} (or what it reads) and run again; the steps before it are cached."


def _require_as_asked(plan: Plan, engine: Engine, built: str):
    """Raises RunbookError unless the image that was built has the digest and the platform that were asked for."""
    found = engine.image(built)
    if digest_in(((found or {}).get("Config") or {}).get("Labels")) != plan.inputs.digest:
        raise RunbookError(f"{engine.where} does not have {plan.name} as it was built: something else works on its images. Run again.")
    asked = plan.source.request.platform
    made = f"{found.get('Os')}/{found.get('Architecture')}"
    if asked and asked.split("/")[:2] != made.split("/"):
        raise RunbookError(
            f"{plan.name} was asked for {asked}, but the builder made {made}. "
            f"Use base images of {asked}, or leave {plan.source.request.option}.platform out."
        )
