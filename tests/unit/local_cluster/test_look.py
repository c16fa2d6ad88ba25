# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an earlier run recorded, against what is there."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import look
import pytest
from look import PATHS, differences
from steps import steps_for

PROGRAM = Path(look.__file__).with_name("__main__.py")
SPEC = importlib.util.spec_from_file_location("recipe", PROGRAM)
recipe = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(recipe)

GOALS = ["cluster", "helm", "dapr-chart", "base"]


@pytest.fixture
def made(tmp_path):
    """All steps, lying in the cache, and the record of them."""
    steps = steps_for(GOALS, tmp_path)
    for step in steps.values():
        step.path.parent.mkdir(parents=True)
        step.path.touch()
    record = {
        "paths": {name: str(steps[step_id].path) for name, step_id in PATHS.items()},
        "base_images": {name: steps[f"image/{name}"].reference for name in ("python", "redis")},
    }
    return steps, record


def test_what_is_as_recorded_has_no_difference(made):
    steps, record = made
    assert differences(record, steps) == []


def test_what_vanished_from_the_cache_is_missed(made):
    steps, record = made
    steps["program/helm"].path.unlink()
    assert differences(record, steps) == ["program helm is not in the cache"]


@pytest.mark.parametrize("name", PATHS)
def test_a_program_of_another_recipe_is_another(made, name):
    steps, record = made
    record["paths"][name] += "-old"
    assert differences(record, steps) == [f"{PATHS[name]} lies elsewhere"]


def test_an_image_of_another_recipe_is_another(made):
    steps, record = made
    record["base_images"]["redis"] = "redis:another"
    assert differences(record, steps) == ["image redis has another reference"]


def test_only_what_is_asked_for_is_compared(tmp_path, made):
    _steps, record = made
    record["base_images"] = {"redis": "redis:7"}
    assert differences({**record, "paths": {}}, {}) == []


def test_the_command_asks_the_node_and_says_what_it_saw(made, monkeypatch, tmp_path, capsys):
    steps, record = made
    (tmp_path / "record.json").write_text(json.dumps(record))
    asked = []
    monkeypatch.setattr(look, "load_images", lambda wanted, host, node, only_list: asked.append((host, node, only_list)) or [])
    options = recipe.parser().parse_args(
        ["look", "--cache", str(tmp_path), *sum((["--goal", goal] for goal in GOALS), []), "--record", str(tmp_path / "record.json"), "--node", "n"]
    )
    assert options.function(options) == {"differs": [], "dapr_images": True}
    assert asked == [(True, "n", True), (False, "n", True)]
