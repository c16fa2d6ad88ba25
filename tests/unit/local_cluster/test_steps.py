# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The builder's steps: complete, in order, with a digest of all inputs."""

from __future__ import annotations

import re

import build
import catalog
import host
import pytest
import steps


@pytest.fixture
def all_steps(tmp_path):
    return steps.steps_for(list(catalog.TARGETS), tmp_path)


def test_steps_follow_their_dependencies(all_steps):
    order = list(all_steps)
    for step in all_steps.values():
        assert all(order.index(need) < order.index(step.id) for need in step.needs)


def test_programs_come_before_images(all_steps):
    kinds = [step_id.split("/")[0] for step_id in all_steps]
    assert kinds == sorted(kinds, key=lambda kind: kind != "program")


def test_every_recipe_exists(all_steps):
    for step in all_steps.values():
        files = {path.name for path in steps.folder_of(step.spec).iterdir()}
        assert files >= ({"Dockerfile"} if step.id.startswith("image/") else {"go.mod", "go.sum"})


def test_only_steps_of_the_target_are_built(tmp_path):
    assert list(steps.steps_for(["helm"], tmp_path)) == ["program/helm"]
    assert list(steps.steps_for(["metrics"], tmp_path)) == ["program/metrics-server", "image/metrics-server"]


def test_changed_program_changes_only_its_images(monkeypatch, tmp_path):
    before = steps.steps_for(list(catalog.TARGETS), tmp_path)
    changed = dict(catalog.PROGRAMS, crictl=catalog.Program("crictl", "crictl", "elsewhere"))
    monkeypatch.setitem(steps.KINDS, "program", changed)
    after = steps.steps_for(list(catalog.TARGETS), tmp_path)
    assert {name for name in before if before[name].digest != after[name].digest} == {"program/crictl", "image/kicbase"}


def test_changed_host_certificates_rebuild_their_images(monkeypatch, tmp_path):
    before = steps.steps_for(["base"], tmp_path)
    monkeypatch.setattr(host, "fact", lambda name: "other" if name == "certificates" else host.architecture())
    after = steps.steps_for(["base"], tmp_path)
    changed = {name for name in before if before[name].digest != after[name].digest}
    assert changed == {"image/debian", "image/python", "image/node", "image/postgres"}


def test_node_image_has_its_digest_as_tag(all_steps):
    assert all_steps["image/kicbase"].reference == "runbook/kicbase:" + all_steps["image/kicbase"].digest
    assert all_steps["image/etcd"].reference == "registry.k8s.io/etcd:3.5.21-0"


def test_tools_of_a_step(all_steps):
    assert build.tools_for([all_steps["program/helm"]]) == {"go"}
    assert build.tools_for([all_steps["image/pause"]]) == {"docker", "gcc"}
    assert build.tools_for([all_steps["image/node"]]) == {"docker", "npm"}
    assert build.tools_for([]) == set()


def test_missing_tools_are_listed_with_install_hints(monkeypatch):
    monkeypatch.setattr(host.shutil, "which", lambda name: None if name == "go" else "/bin/" + name)
    assert host.missing_tools({"go", "gcc"}) == ["Go 1.24 or newer (https://go.dev/dl/)"]


def test_only_tools_missing_on_path_are_installed(monkeypatch):
    monkeypatch.setattr(host.shutil, "which", lambda name: None if name in ("gcc", "go") else f"/usr/bin/{name}")
    assert host.missing_packages({"go", "gcc", "npm"}) == ["gcc", "libc6-dev"]


@pytest.mark.parametrize("bounding, expected", [("000001ffffffffff", False), ("000001fffeffffff", True)])
def test_withheld_capability_is_read_from_the_bounding_set(bounding, expected):
    assert host.limited("CapEff:\t0\nCapBnd:\t" + bounding + "\n") is expected


def test_deb822_sources_become_lines():
    text = "Types: deb\n# a note\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
    text += "\nTypes: deb\nURIs: http://example.com/else\nSuites: x\n"
    assert host._deb822_lines(text) == ["deb http://mirror.example/debian bookworm main", "deb http://mirror.example/debian bookworm-updates main"]


def test_digests_fit_into_a_tag(all_steps):
    assert all(re.fullmatch(r"[0-9a-f]{12}", step.digest) for step in all_steps.values())
