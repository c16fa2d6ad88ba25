# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds one step: a Go program, a chart from a module's source, or an image."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import host
from cache import locked, move_into_place, work_dir
from catalog import Chart, Image
from command import run
from durations import record_duration
from steps import Step, folder_of, recipe_files

_GO = {"CGO_ENABLED": "0", "GOWORK": "off"}
_EXCLUDES = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "doc", "locale")]


def build(step: Step, steps: dict[str, Step], cache: Path) -> bool:
    """Builds a step after those it needs, unless it is done. Returns whether it was built. Of two parallel runs, the second waits for the first."""
    if step.done:
        return False
    for need in step.needs:
        build(steps[need], steps, cache)
    with locked(cache, step.id):
        if step.done:
            return False
        began = time.monotonic()
        with work_dir(cache, step.id) as work:
            result = work / "result"
            result.mkdir()
            _builder_of(step)(step, steps, work, result)
            move_into_place(result, step.path.parent)
        record_duration(cache, step.id, time.monotonic() - began)
    return True


def tools_for(steps: list[Step]) -> set[str]:
    """The programs that the build of these steps calls."""
    needed = set()
    for step in steps:
        if not isinstance(step.spec, Image):
            needed.add("go")
            continue
        names = {file.name for file in folder_of(step.spec).iterdir()}
        needed |= {"docker"} | {tool for file, tool in (("packages", "mmdebstrap"), ("package.json", "npm"), ("pause.c", "gcc")) if file in names}
    return needed


def _builder_of(step: Step):
    return _build_image if isinstance(step.spec, Image) else _build_chart if isinstance(step.spec, Chart) else _build_program


def _module(step: Step, work: Path) -> Path:
    """A copy of the step's Go module, as the Go command may write there."""
    return Path(shutil.copytree(folder_of(step.spec), work / "module"))


def _build_program(step: Step, steps: dict[str, Step], work: Path, result: Path) -> None:
    spec = step.spec
    run(["go", "build", "-mod=readonly", "-trimpath", "-tags", spec.tags, "-ldflags", f"-s -w {spec.flags}",
         "-o", str(result / spec.name), spec.package], cwd=_module(step, work), environment=_GO)


def _build_chart(step: Step, steps: dict[str, Step], work: Path, result: Path) -> None:
    download = json.loads(run(["go", "mod", "download", "-json", step.spec.source], cwd=_module(step, work), environment=_GO))
    shutil.copytree(Path(download["Dir"]) / step.spec.folder, result / step.spec.name, copy_function=shutil.copyfile)
    for path in (result / step.spec.name, *(result / step.spec.name).rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _build_image(step: Step, steps: dict[str, Step], work: Path, result: Path) -> None:
    context = work / "context"
    context.mkdir()
    for file in recipe_files(step.spec):
        shutil.copy2(file, context)
    for need in step.needs:
        if need.startswith("program/"):
            shutil.copy2(steps[need].path, context)
    (context / "ca.crt").write_bytes(host.certificates())
    _prepare(step.spec, context)
    run(["docker", "build", "--quiet", "--tag", step.reference, *_arguments(step, steps), str(context)])
    identity = run(["docker", "image", "inspect", "--format", "{{.Id}}", step.reference]).strip()
    run(["docker", "save", "--output", str(result / "image.tar"), step.reference])
    (result / "image.json").write_text(json.dumps({"reference": step.reference, "id": identity}), encoding="utf-8")


def _arguments(step: Step, steps: dict[str, Step]) -> list[str]:
    """The image's build arguments. The parent image is loaded again, as the engine may have lost it."""
    arguments = dict(step.spec.arguments)
    if "limited" in step.spec.host_facts:
        arguments["LIMITED"] = host.fact("limited")
    if step.spec.parent:
        parent = steps[f"image/{step.spec.parent}"]
        run(["docker", "load", "--quiet", "--input", str(parent.path)])
        arguments["BASE"] = parent.reference
    return [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]


def _prepare(spec: Image, context: Path) -> None:
    """Creates the files that the Dockerfile adds besides programs: a tree of packages, Node.js, a compiled C file."""
    if (context / "packages").exists():
        packages = ",".join((context / "packages").read_text(encoding="utf-8").split())
        run(["mmdebstrap", "--quiet", f"--variant={spec.variant}", f"--include={packages}", *_EXCLUDES,
             "bookworm", str(context / "root.tar"), "-"], stdin=host.debian_sources())
    if (context / "package.json").exists():
        run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=context)
        shutil.copy2(context / "node_modules/node/bin/node", context / "node")
        shutil.move(context / "node_modules/npm", context / "npm")
        shutil.rmtree(context / "node_modules")
    if (context / "pause.c").exists():
        run(["gcc", "-O2", "-static", "-o", str(context / "pause"), str(context / "pause.c")])
