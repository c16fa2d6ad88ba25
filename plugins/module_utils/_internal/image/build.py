# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds one image and verifies it. A failure has the step and the last lines of the build's output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..clients.engine.client import NO_SPACE, Engine, EngineError
from ..errors import RunbookError
from .build_context import BuildContext
from .build_log import BuildLog
from .node_images import LABEL, build_digest
from .plan import ImagePlan
from .tar_stream import DOCKERFILE, ContextArchive

DISK_FULL = (
    "The disk of the engine that builds is full. Free space on it (docker image prune, or remove older images with the option keep_tags), "
    "or give the profile a larger disk, and run again."
)


def build(engine: Engine, plan: ImagePlan) -> tuple[str, int]:
    """Builds the image and adds its content tag. Returns its ID and the bytes of the context that were sent.

    It is tagged last: a later run must not find an image that failed verification under its content tag.
    """
    if not isinstance(plan.source, BuildContext):
        raise TypeError(f"{plan.name} is not built from a context")
    archive = ContextArchive(plan.source)
    try:
        image_id = read_build_events(plan, _start_build(engine, plan, archive))
    except EngineError as error:
        cause = f"{error} {DISK_FULL}" if NO_SPACE in str(error) else str(error)
        raise RunbookError(f"Building {plan.name} ({plan.source.spec.option}) failed: {cause}", bytes_sent=archive.bytes_sent) from None
    except RunbookError as error:
        error.facts["bytes_sent"] = archive.bytes_sent
        raise
    _verify_build(plan, engine, image_id)
    engine.tag(image_id, plan.name, str(plan.content_tag))
    return image_id, archive.bytes_sent


def _start_build(engine: Engine, plan: ImagePlan, archive: ContextArchive) -> Iterator[dict]:
    spec = plan.source.spec
    return engine.build(
        archive,
        dockerfile=DOCKERFILE,
        buildargs=dict(spec.args),
        # The builder adds it after the last step, so it does not invalidate the cache of the others
        labels={LABEL: str(plan.inputs)},
        target=spec.target,
        platform=spec.platform,
    )


def read_build_events(plan: ImagePlan, events: Iterable[dict]) -> str:
    """Reads all events of a build and returns the image's ID. Raises RunbookError with the step and the last lines."""
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


def build_failure(plan: ImagePlan, log: BuildLog, cause: str) -> RunbookError:
    """The failure of a build, with the step and the log as facts."""
    spec = plan.source.spec
    lines = log.last_lines()
    printed = "\n".join(f"  {line}" for line in lines)
    message = (
        f"Building {spec.name} failed{f' in {log.step}' if log.step else ''}: {cause.strip()}\n"
        f"Last lines of the build:\n{printed}\n{_next_step(cause, spec.dockerfile)}"
    )
    return RunbookError(message, step=log.step, log=lines)


def _next_step(cause: str, dockerfile: str) -> str:
    if "requires BuildKit" in cause:
        return f"The classic builder is used: rewrite this step of {dockerfile} without BuildKit's options."
    if NO_SPACE in cause:
        return DISK_FULL
    return f"Correct this step in {dockerfile} (or the files it reads) and run again; the previous steps are cached."


def _verify_build(plan: ImagePlan, engine: Engine, image_id: str):
    """Raises RunbookError unless the image has the digest and the platform of the plan."""
    image = engine.image(image_id) or {}
    if plan.inputs is None or build_digest((image.get("Config") or {}).get("Labels")) != plan.inputs.digest:
        raise RunbookError(f"{engine.name} does not have {plan.name} as it was built: another process is changing its images. Run again.")
    expected = plan.source.spec.platform
    actual = f"{image.get('Os')}/{image.get('Architecture')}"
    if expected and expected.split("/")[:2] != actual.split("/"):
        raise RunbookError(
            f"{plan.name} was requested for {expected}, but the builder produced {actual}. "
            f"Use base images for {expected}, or omit {plan.source.spec.option}.platform."
        )
