# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a target, in the order of their dependencies, each with a digest of all its inputs and its path in the cache."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import host
from catalog import CHARTS, IMAGES, PROGRAMS, TARGETS, Chart, Image, Program

FILES = Path(__file__).resolve().parent.parent
KINDS = {"program": PROGRAMS, "image": IMAGES, "chart": CHARTS}


@dataclass(frozen=True)
class Step:
    """One step of the build: `path` exists when it is done, `needs` are the steps that it depends on."""

    id: str
    spec: Program | Image | Chart
    digest: str
    path: Path
    needs: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether the result is in the cache. It is moved there last, so it is complete."""
        return self.path.exists()

    @property
    def title(self) -> str:
        """Its name in messages."""
        kind, name = self.id.split("/")
        return f"{kind} {name}"

    @property
    def reference(self) -> str:
        """The image's full name (images only)."""
        return self.spec.reference + (self.digest if self.spec.reference.endswith(":") else "")


def spec_of(step_id: str) -> Program | Image | Chart:
    """The table's entry for an id such as image/etcd."""
    kind, name = step_id.split("/")
    return KINDS[kind][name]


def dependencies_of(spec: Program | Image | Chart) -> tuple[str, ...]:
    """Ids of the steps whose results are inputs of this one."""
    if not isinstance(spec, Image):
        return ()
    programs = tuple(f"program/{name}" for name in spec.programs if name in PROGRAMS)
    return programs + ((f"image/{spec.parent}",) if spec.parent else ())


def ordered(targets: list[str]) -> list[str]:
    """Ids of all steps for these targets, programs before the images that contain them, without duplicates."""
    step_ids: list[str] = []

    def visit(step_id: str) -> None:
        if step_id not in step_ids:
            for need in dependencies_of(spec_of(step_id)):
                visit(need)
            step_ids.append(step_id)

    for target in targets:
        for step_id in TARGETS[target]:
            visit(step_id)
    return sorted(step_ids, key=lambda step_id: not step_id.startswith("program/"))


def folder_of(spec: Program | Image | Chart) -> Path:
    """The folder of the recipe, whose files are inputs of the step."""
    return FILES / "images" / spec.recipe if isinstance(spec, Image) else FILES / "go" / spec.module


def digest_of(spec: Program | Image | Chart, digests: dict[str, str]) -> str:
    """Twelve digits over all inputs of the step: the entry in the catalog, the recipe, facts of the host, and the steps it needs.

    The names of a recipe's files and of the fields in the catalog are part of it: renaming one builds everything again.
    """
    sum_ = hashlib.sha256(json.dumps(dataclasses.asdict(spec), sort_keys=True).encode())
    for file in sorted(path for path in recipe_files(spec) if path.is_file()):
        sum_.update(f"\0{file.name}\0".encode() + file.read_bytes())
    for fact in ("architecture", *getattr(spec, "host_facts", ())):
        sum_.update(f"\0{fact}={host.fact(fact)}".encode())
    for need in dependencies_of(spec):
        sum_.update(digests[need].encode())
    return sum_.hexdigest()[:12]


def recipe_files(spec: Program | Image | Chart) -> list[Path]:
    """The files of a step's recipe. The node's runc wrapper is shared with the host's engine."""
    files = list(folder_of(spec).iterdir())
    return [*files, FILES / "engine" / "runc-limited"] if getattr(spec, "recipe", "") == "kicbase" else files


def result_name(spec: Program | Image | Chart) -> str:
    """Name of the file or folder that the step creates."""
    return "image.tar" if isinstance(spec, Image) else spec.name


def steps_for(targets: list[str], cache: Path) -> dict[str, Step]:
    """All steps for these targets, by id, in order."""
    steps: dict[str, Step] = {}
    digests: dict[str, str] = {}
    for step_id in ordered(targets):
        spec = spec_of(step_id)
        digests[step_id] = digest_of(spec, digests)
        kind = step_id.split("/", maxsplit=1)[0]
        path = cache / f"{kind}s" / f"{spec.name}-{digests[step_id]}" / result_name(spec)
        steps[step_id] = Step(step_id, spec, digests[step_id], path, dependencies_of(spec))
    return steps
