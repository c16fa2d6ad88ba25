# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cache contains only complete results, also after a killed run and with parallel runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import build
import catalog
import pytest
import steps
from cache import link_or_copy, locked, make_private, move_into_place, require_own, work_dir
from durations import last_durations, record_duration


@pytest.fixture
def helm(tmp_path):
    return steps.steps_for(["helm"], tmp_path)


def _write(count, seconds=0.0):
    def build_step(step, all_steps, work, result):
        count.append(step.id)
        time.sleep(seconds)
        (result / step.spec.name).write_text("program")
    return build_step


def test_cache_is_made_private_once(tmp_path):
    cache = tmp_path / "new/cache"
    assert make_private(cache, check=True) and not cache.exists()
    assert make_private(cache) and cache.stat().st_mode & 0o777 == 0o700
    assert not make_private(cache)
    cache.chmod(0o775)
    assert make_private(cache) and cache.stat().st_mode & 0o777 == 0o700


def test_cache_of_another_user_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    for use in (require_own, make_private):
        with pytest.raises(SystemExit, match=f"{tmp_path} belongs to the user .* Set local_cluster_cache_dir"):
            use(tmp_path)


def test_completed_step_is_not_built_again(monkeypatch, helm, tmp_path):
    made = []
    monkeypatch.setattr(build, "_builder_of", lambda step: _write(made))
    assert build.build(helm["program/helm"], helm, tmp_path)
    assert not build.build(helm["program/helm"], helm, tmp_path)
    assert made == ["program/helm"]
    assert last_durations(tmp_path) == {"program/helm": 0}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"program/helm": "x"}'])
def test_durations_that_cannot_be_read_are_not_known(tmp_path, content):
    (tmp_path / "durations.json").write_text(content)
    assert last_durations(tmp_path) == {}
    record_duration(tmp_path, "program/helm", 12.4)
    record_duration(tmp_path, "image/etcd", 3)
    assert last_durations(tmp_path) == {"program/helm": 12, "image/etcd": 3}


def test_parallel_builds_build_once(monkeypatch, helm, tmp_path):
    made = []
    monkeypatch.setattr(build, "_builder_of", lambda step: _write(made, seconds=0.2))
    threads = [threading.Thread(target=build.build, args=(helm["program/helm"], helm, tmp_path)) for _unused in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["program/helm"] and helm["program/helm"].done


def test_failed_step_leaves_no_result(monkeypatch, helm, tmp_path):
    def fail(step, all_steps, work, result):
        (result / step.spec.name).write_text("half")
        raise SystemExit("no")
    monkeypatch.setattr(build, "_builder_of", lambda step: fail)
    with pytest.raises(SystemExit):
        build.build(helm["program/helm"], helm, tmp_path)
    assert not helm["program/helm"].done and not list((tmp_path / "work").iterdir())


def test_killed_build_releases_its_lock(tmp_path):
    code = "import pathlib, sys, time; from cache import locked, work_dir; cache = pathlib.Path(sys.argv[1])\n" \
           "with locked(cache, 'program/x'), work_dir(cache, 'program/x') as work:\n" \
           "    (work / 'half').write_text('x'); print('there', flush=True); time.sleep(60)"
    builder = Path(steps.__file__).parent
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=builder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "there\n"
        process.kill()
    with locked(tmp_path, "program/x"), work_dir(tmp_path, "program/x") as work:
        assert not list(work.iterdir())


def test_move_into_place_replaces_an_older_folder(tmp_path):
    for text in ("old", "new"):
        made = tmp_path / "made"
        made.mkdir()
        (made / "file").write_text(text)
        move_into_place(made, tmp_path / "place")
    assert (tmp_path / "place/file").read_text() == "new"


def test_second_link_changes_nothing(tmp_path):
    source = tmp_path / "source"
    source.write_text("one")
    assert link_or_copy(source, tmp_path / "deep/target")
    assert not link_or_copy(source, tmp_path / "deep/target")
    other = tmp_path / "other"
    other.write_text("another")
    assert link_or_copy(other, tmp_path / "deep/target")
    assert (tmp_path / "deep/target").read_text() == "another"


def test_targets_have_only_steps_of_the_catalog():
    for names in catalog.TARGETS.values():
        for step_id in names:
            steps.spec_of(step_id)
