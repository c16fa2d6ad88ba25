# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ownership records, each stored in two folders so that the loss of one is harmless."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile import apply
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.model import ObservedProfile, Profile, ProfileAction, ProfilePlan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.observe import record_if_ready
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.ownership import OwnershipRecord, read_ownership, read_record, write_record
from profile_host import write


@pytest.fixture
def profile(tmp_path):
    return Profile("runbook", tmp_path / "home", tmp_path / "home/kubeconfig", tmp_path / "claims")


def test_record_keeps_its_time_and_ready_container(profile):
    write_record(profile)
    first = read_record(profile)
    write_record(profile, "abc")
    write_record(profile)
    assert read_record(profile).since == first.since and read_record(profile).container == "abc"


@pytest.mark.parametrize("lost", ["minikube_home", "ownership_dir"])
def test_one_of_two_records_is_sufficient(profile, lost):
    write_record(profile, "abc")
    shutil.rmtree(getattr(profile, lost))
    assert read_record(profile).container == "abc"


def test_truncated_record_is_ignored(profile):
    write_record(profile, "abc")
    profile.ownership_files[0].write_text("{")
    assert read_record(profile).container == "abc"
    profile.ownership_files[1].write_text("[]")
    assert read_record(profile) is None


OLD = '{"since": "2026-01-01T12:00:00+00:00", "container": "abc"}'  # as the first version wrote it, without name and home


def test_record_of_the_first_version_is_completed_by_the_next_write(profile):
    for file in profile.ownership_files:
        file.parent.mkdir()
        file.write_text(OLD)
    assert read_record(profile) == OwnershipRecord("2026-01-01T12:00:00+00:00", "abc")
    write_record(profile)
    assert read_record(profile) == OwnershipRecord("2026-01-01T12:00:00+00:00", "abc", "runbook", str(profile.minikube_home))


@pytest.mark.parametrize("name", ["claims/runbook.json", "home/claim.json", "home/claim.new"])
@pytest.mark.parametrize("content", ['{"name": "a package"}', "my notes", "[]"])
def test_foreign_file_is_not_overwritten(profile, name, content):
    file = profile.minikube_home.parent / name
    file.parent.mkdir()
    file.write_text(content)
    with pytest.raises(RunbookError, match=f"{name} exists, but is not an ownership record of this collection"):
        write_record(profile)
    assert file.read_text() == content
    assert list(profile.minikube_home.parent.rglob("*.*")) == [file]


@pytest.mark.parametrize("torn", ["", '{"sin', OLD[:20], "\0\0\0"])
def test_truncated_record_is_rewritten(profile, torn):
    profile.minikube_home.mkdir()
    profile.ownership_files[1].write_text(torn)
    write_record(profile, "abc")
    assert json.loads(profile.ownership_files[1].read_text())["container"] == "abc"


def test_owner_of_a_home_is_read_from_its_record(profile):
    write_record(Profile("other", profile.minikube_home, profile.kubeconfig, profile.ownership_dir), "abc")
    assert (read_ownership(profile).other_owner, read_record(profile)) == ("other", None)


@pytest.mark.parametrize("made, other", [([], ""), (["runbook"], ""), (["big", "runbook"], ""), (["big"], "big")])
def test_profiles_in_a_home_identify_the_owner_of_an_old_record(profile, made, other):
    profile.minikube_home.mkdir()
    profile.ownership_files[1].write_text(OLD)
    for name in made:
        (profile.folder / "profiles" / name).mkdir(parents=True)
    assert read_ownership(profile).other_owner == other


def test_cluster_record_identifies_the_owner_of_a_home(profile):
    profile.minikube_home.mkdir()
    profile.ownership_files[1].write_text(OLD)
    profile.cluster_record.write_text('{"profile": "big"}')
    assert read_ownership(profile).other_owner == "big"
    profile.cluster_record.write_text('{"profile": "runbook"}')
    assert read_ownership(profile).other_owner == "" and read_record(profile).container == "abc"


STRANGER = ObservedProfile(container="running", container_id="abc", config={"Driver": "docker"}, was_ready=True)


def test_ready_profile_of_minikube_alone_is_not_recorded(profile):
    record_if_ready(profile, STRANGER)
    assert read_record(profile) is None and not profile.minikube_home.exists()
    record_if_ready(profile, replace(STRANGER, has_record=True, owns_container=True))
    assert read_record(profile).container == "abc"


@pytest.mark.parametrize("take_ownership", [True, False])
def test_started_profile_of_minikube_alone_is_not_recorded(profile, monkeypatch, take_ownership):
    monkeypatch.setattr(apply, "wait_until_usable", lambda *_arguments: ())
    monkeypatch.setattr(apply, "observe", lambda *_arguments: ObservedProfile())
    minikube = SimpleNamespace(profile=profile, start=lambda *_arguments: "")
    apply.apply(ProfilePlan((ProfileAction("start", "it is stopped", take_ownership=take_ownership),)), minikube, None, None, 1)
    assert (read_record(profile) is not None) is take_ownership


def test_unfinished_profile_is_deleted_without_following_links(profile):
    """With the action `delete_unfinished`, only the profile's own folders are removed."""
    others = profile.minikube_home.parent / "others"
    for name in ("profiles/runbook/config.json", "profiles/other/config.json", "machines/runbook/id_rsa", "ca.key"):
        write(others / name, "content")
    minikube = SimpleNamespace(profile=profile)
    engine = SimpleNamespace(remove=lambda *_arguments: None)
    profile.minikube_home.mkdir()
    profile.folder.symlink_to(others)
    apply.apply(ProfilePlan((ProfileAction("delete_unfinished", "it was never ready"),)), minikube, engine, None, 1)
    assert len([path for path in others.rglob("*") if path.is_file()]) == 4
    profile.folder.unlink()
    others.rename(profile.folder)
    apply.apply(ProfilePlan((ProfileAction("delete_unfinished", "it was never ready"),)), minikube, engine, None, 1)
    assert sorted(path.name for path in profile.folder.rglob("*")) == ["ca.key", "config.json", "machines", "other", "profiles"]
