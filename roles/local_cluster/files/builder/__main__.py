# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The builder as a program. Each command prints one JSON object, and a failure ends with a message.

    python builder prepare  --cache DIR [--check]                               make the cache a private folder of this user
    python builder plan     --cache DIR --target cluster [--target base …]      list the steps, and those that are missing
    python builder build    --cache DIR STEP                                    build one step
    python builder install  --cache DIR --home MINIKUBE_HOME                    install programs and images into minikube's cache
    python builder probe    --site URL                                          check whether an image registry is available
    python builder load     --cache DIR --target base [--host] [--node NAME] [--check]   load missing images
    python builder check    --cache DIR --target cluster … --record FILE --node NAME     compare with the record of an earlier run
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import host
from build import build, tools_for
from cache import make_private, require_own
from catalog import BASE_IMAGES, TARGETS
from check import PATHS, differences, missing_images
from durations import last_durations
from install import install
from load import load_images
from registry import is_registry_available
from steps import Step, steps_for


def prepare(options: argparse.Namespace) -> dict:
    """Makes the cache private. The other commands only verify its owner."""
    return {"changed": make_private(options.cache, options.check)}


def plan(options: argparse.Namespace) -> dict:
    """All steps of the targets, those that are missing, and the tools that are missing for their build."""
    steps = steps_for(options.target, options.cache)
    missing = [step for step in steps.values() if not step.done]
    durations = last_durations(options.cache)
    return {
        "missing": [_described(step, durations) for step in missing],
        "paths": {step.id: str(step.path) for step in steps.values()},
        "tools": {name: str(steps[step_id].path) for name, step_id in PATHS.items() if step_id in steps},
        "base_images": {name: steps[f"image/{name}"].reference for name in BASE_IMAGES if f"image/{name}" in steps},
        "references": {step.spec.name: step.reference for step in steps.values() if step.id.startswith("image/")},
        "missing_tools": host.missing_tools(tools_for(missing)),
        "missing_packages": host.missing_packages(tools_for(missing)),
    }


def _described(step: Step, durations: dict[str, int]) -> dict:
    kind, name = step.id.split("/")
    return {"id": step.id, "kind": kind, "name": name, "last_seconds": durations.get(step.id)}


def build_one(options: argparse.Namespace) -> dict:
    """Builds one step; the plan's order builds the steps that it needs before."""
    steps = steps_for(list(TARGETS), options.cache)
    return {"changed": build(steps[options.step], steps, options.cache), "path": str(steps[options.step].path)}


def install_all(options: argparse.Namespace) -> dict:
    """Fills minikube's own cache folder."""
    return {"installed": install(steps_for(["cluster"], options.cache), options.home)}


def load(options: argparse.Namespace) -> dict:
    """Loads the missing images of the targets."""
    steps = steps_for(options.target, options.cache)
    images = [steps[step_id] for target in options.target for step_id in TARGETS[target] if step_id.startswith("image/")]
    return {"loaded": load_images(images, options.host, options.node, options.check)}


def check(options: argparse.Namespace) -> dict:
    """The differences from the record, and whether the node has Dapr's images."""
    steps = steps_for([*options.target, "dapr"], options.cache)
    requested = steps_for(options.target, options.cache)
    result = differences(json.loads(options.record.read_text(encoding="utf-8")), requested)
    if "base" in options.target:
        result += [f"{image} is not loaded" for image in missing_images("base", steps, True, options.node)]
    return {"differences": result, "dapr_images": not missing_images("dapr", steps, False, options.node)}


def probe(options: argparse.Namespace) -> dict:
    """Requests an image registry's API."""
    return {"available": is_registry_available(options.site)}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    cli = argparse.ArgumentParser(prog="builder")
    commands = cli.add_subparsers(required=True)
    functions = {"prepare": prepare, "plan": plan, "build": build_one, "install": install_all, "load": load, "check": check, "probe": probe}
    each = {name: commands.add_parser(name) for name in functions}
    for name, command in each.items():
        command.set_defaults(function=functions[name])
        if name != "probe":
            command.add_argument("--cache", type=_own_cache, required=True)
    for name in ("plan", "load", "check"):
        each[name].add_argument("--target", action="append", choices=list(TARGETS), required=True)
    each["probe"].add_argument("--site", required=True)
    each["prepare"].add_argument("--check", action="store_true", help="change nothing")
    each["build"].add_argument("step")
    each["install"].add_argument("--home", type=Path, required=True)
    each["load"].add_argument("--node", default="", help="load into the node of this container name")
    each["check"].add_argument("--node", required=True, help="the node's container name")
    each["check"].add_argument("--record", type=Path, required=True, help="the record of the role local_cluster")
    each["load"].add_argument("--host", action="store_true", help="load into this host's engine")
    each["load"].add_argument("--check", action="store_true", help="list the images to load, load nothing")
    return cli


def _own_cache(text: str) -> Path:
    cache = Path(text).expanduser().resolve()
    require_own(cache)
    return cache


if __name__ == "__main__":
    arguments = parser().parse_args()
    print(json.dumps(arguments.function(arguments)))
