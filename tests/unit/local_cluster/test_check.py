# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The comparison of the record of an earlier run with the cache and the node."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import check
import pytest
from check import PATHS, differences
from steps import steps_for

PROGRAM = Path(check.__file__).with_name("__main__.py")
SPEC = importlib.util.spec_from_file_location("builder", PROGRAM)
builder = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(builder)

TARGETS = ["cluster", "helm", "dapr-chart", "base"]


@pytest.fixture
def made(tmp_path):
    """All steps, done in the cache, and the record of them."""
    steps = steps_for(TARGETS, tmp_path)
    for step in steps.values():
        step.path.parent.mkdir(parents=True)
        step.path.touch()
    record = {
        "paths": {name: str(steps[step_id].path) for name, step_id in PATHS.items()},
        "base_images": {name: steps[f"image/{name}"].reference for name in ("python", "redis")},
    }
    return steps, record


def test_unchanged_record_has_no_difference(made):
    steps, record = made
    assert differences(record, steps) == []


def test_missing_cache_entry_is_a_difference(made):
    steps, record = made
    steps["program/helm"].path.unlink()
    assert differences(record, steps) == ["program helm is not in the cache"]


@pytest.mark.parametrize("name", PATHS)
def test_changed_program_is_a_difference(made, name):
    steps, record = made
    record["paths"][name] += "-old"
    assert differences(record, steps) == [f"{PATHS[name]} has another path"]


def test_changed_image_is_a_difference(made):
    steps, record = made
    record["base_images"]["redis"] = "redis:another"
    assert differences(record, steps) == ["image redis has another reference"]


def test_only_requested_targets_are_compared(tmp_path, made):
    _steps, record = made
    record["base_images"] = {"redis": "redis:7"}
    assert differences({**record, "paths": {}}, {}) == []


def test_check_command_prints_differences_and_images(made, monkeypatch, tmp_path, capsys):
    steps, record = made
    (tmp_path / "record.json").write_text(json.dumps(record))
    calls = []
    monkeypatch.setattr(check, "load_images", lambda images, host, node, check: calls.append((host, node, check)) or [])
    options = builder.parser().parse_args(
        ["check", "--cache", str(tmp_path), *sum((["--target", target] for target in TARGETS), []), "--record", str(tmp_path / "record.json"), "--node", "n"]
    )
    assert options.function(options) == {"differences": [], "dapr_images": True}
    assert calls == [(True, "n", True), (False, "n", True)]


@pytest.mark.parametrize("targets, tools, base_images", [
    (["dapr"], [], []),
    (["helm"], ["helm"], []),
    (["cluster", "base", "helm", "dapr-chart"], ["dapr_chart", "helm", "kubectl", "minikube"], ["busybox", "node", "postgres", "python", "redis"]),
])
def test_plan_has_tools_and_base_images_of_its_targets(tmp_path, targets, tools, base_images):
    arguments = ["plan", "--cache", str(tmp_path), *(part for target in targets for part in ("--target", target))]
    options = builder.parser().parse_args(arguments)
    plan = options.function(options)
    assert (sorted(plan["tools"]), sorted(plan["base_images"])) == (tools, base_images)
