# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The recipe as a program. Each command prints one JSON object, and ends with a sentence where it fails.

    python recipe plan  --cache DIR --goal cluster [--goal base …]   what is to be made, and what is missing for that
    python recipe make  --cache DIR STEP                             makes one step
    python recipe place --cache DIR --home MINIKUBE_HOME             puts programs and images where minikube looks for them
    python recipe fetch --cache DIR --version V --site URL NAME      gets a released program and checks it
    python recipe probe --site URL                                   says whether an image registry answers
    python recipe load  --cache DIR --goal base [--host] [--node NAME]   loads images where they are missing
    python recipe look  --cache DIR --goal cluster … --record FILE --node NAME   says whether all is as an earlier run recorded it
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import host
from load import load_images
from look import differences, not_loaded
from make import make, tools_for
from place import place
from release import fetch, registry_answers
from steps import Step, steps_for
from table import GOALS


def plan(options: argparse.Namespace) -> dict:
    """The steps of the goals: all, those that are missing, and the tools that making them lacks."""
    steps = steps_for(options.goal, options.cache)
    missing = [step for step in steps.values() if not step.done]
    return {
        "missing": [_described(step) for step in missing],
        "paths": {step.id: str(step.path) for step in steps.values()},
        "references": {step.spec.name: step.reference for step in steps.values() if step.id.startswith("image/")},
        "lacking_tools": host.missing_tools(tools_for(missing)),
        "lacking_packages": host.missing_packages(tools_for(missing)),
    }


def _described(step: Step) -> dict:
    kind, name = step.id.split("/")
    return {"id": step.id, "kind": kind, "name": name}


def make_one(options: argparse.Namespace) -> dict:
    """Makes one step; the steps that it needs have been made before, in the plan's order."""
    steps = steps_for(list(GOALS), options.cache)
    return {"changed": make(steps[options.step], steps, options.cache), "path": str(steps[options.step].path)}


def place_all(options: argparse.Namespace) -> dict:
    """Fills minikube's own cache folder."""
    return {"placed": place(steps_for(["cluster"], options.cache), options.home)}


def load(options: argparse.Namespace) -> dict:
    """Loads the goals' images where they are missing."""
    steps = steps_for(options.goal, options.cache)
    wanted = [steps[step_id] for goal in options.goal for step_id in GOALS[goal] if step_id.startswith("image/")]
    return {"loaded": load_images(wanted, options.host, options.node, options.only_list)}


def look(options: argparse.Namespace) -> dict:
    """What differs from the record, and which goals' images the node has."""
    steps = steps_for([*options.goal, "dapr"], options.cache)
    asked = steps_for(options.goal, options.cache)
    differs = differences(json.loads(options.record.read_text(encoding="utf-8")), asked)
    if "base" in options.goal:
        differs += [f"{image} is not loaded" for image in not_loaded("base", steps, True, options.node)]
    return {"differs": differs, "dapr_images": not not_loaded("dapr", steps, False, options.node)}


def fetch_one(options: argparse.Namespace) -> dict:
    """Gets one released program."""
    return fetch(options.name, options.version, options.site.rstrip("/"), options.cache, options.only_look)


def probe(options: argparse.Namespace) -> dict:
    """Asks an image registry for a sign of life."""
    return {"answers": registry_answers(options.site)}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    cli = argparse.ArgumentParser(prog="recipe")
    commands = cli.add_subparsers(required=True)
    functions = {"plan": plan, "make": make_one, "place": place_all, "load": load, "look": look, "fetch": fetch_one, "probe": probe}
    each = {name: commands.add_parser(name) for name in functions}
    for name, command in each.items():
        command.set_defaults(function=functions[name])
        if name != "probe":
            command.add_argument("--cache", type=lambda text: Path(text).expanduser().resolve(), required=True)
    for name in ("plan", "load", "look"):
        each[name].add_argument("--goal", action="append", choices=list(GOALS), required=True)
    for name in ("fetch", "probe"):
        each[name].add_argument("--site", required=True)
    each["make"].add_argument("step")
    each["place"].add_argument("--home", type=Path, required=True)
    each["load"].add_argument("--node", default="", help="load into the node of this container name")
    each["look"].add_argument("--node", required=True, help="the node's container name")
    each["look"].add_argument("--record", type=Path, required=True, help="what the role recorded")
    each["load"].add_argument("--host", action="store_true", help="load into this host's engine")
    each["load"].add_argument("--only-list", action="store_true", help="say what would be loaded, load nothing")
    each["fetch"].add_argument("name", choices=["minikube", "kubectl", "helm"])
    each["fetch"].add_argument("--version", required=True)
    each["fetch"].add_argument("--only-look", action="store_true", help="look whether it can be had, download nothing")
    return cli


if __name__ == "__main__":
    arguments = parser().parse_args()
    print(json.dumps(arguments.function(arguments)))
