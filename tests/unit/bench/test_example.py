# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The copies that the benchmark deploys still fit the example."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from load_file import load_file

FILE = Path(__file__).resolve().parents[2] / "bench/deploy/example.py"


@pytest.fixture(scope="module")
def module():
    return load_file("bench_example", FILE)


@pytest.fixture
def example(module, tmp_path):
    return module.Example.copy(tmp_path / "copy", "bench-x")


def test_all_images_are_renamed_in_description_and_manifests(module, example):
    names = {service[0] for service in module.SERVICES}
    described = yaml.safe_load((example.path / "app.yml").read_text())["todo_images"]
    assert {image["name"] for image in described} == {f"bench-x/{name}" for name in names}
    for name in names:
        text = (example.path / f"manifests/app/{name}.yml.j2").read_text()
        assert f"image: bench-x/{name}\n" in text and f"image: {name}\n" not in text


def test_contexts_and_dockerfiles_are_those_of_the_description(module, example):
    described = {image["name"]: image for image in yaml.safe_load((example.path / "app.yml").read_text())["todo_images"]}
    for name, context, dockerfile, base in module.SERVICES:
        image = described[f"bench-x/{name}"]
        assert (image["context"], image["dockerfile"]) == (context, dockerfile)
        assert f"runbook_base_images.{base} " in image["args"]["BASE_IMAGE"]


def test_a_line_changes_each_time(module, example):
    for marker in ("one", "two"):
        example.change_a_line(marker)
        assert f'bench: "{marker}"' in (example.path / module.LIVE).read_text()
