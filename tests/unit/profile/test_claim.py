# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record that decides whether a volume may hold data survives the loss of either place."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile import apply
from ansible_collections.runbook.minikube.plugins.module_utils.profile.claim import Claim, read_claim, read_claims, write_claim
from ansible_collections.runbook.minikube.plugins.module_utils.profile.observe import note_if_ready
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Action, Observed, Plan, Profile
from profile_host import write


@pytest.fixture
def profile(tmp_path):
    return Profile("runbook", tmp_path / "home", tmp_path / "home/kubeconfig", tmp_path / "claims")


def test_a_claim_keeps_its_time_and_its_ready_container(profile):
    write_claim(profile)
    first = read_claim(profile)
    write_claim(profile, "abc")
    write_claim(profile)
    assert read_claim(profile).since == first.since and read_claim(profile).container == "abc"


@pytest.mark.parametrize("lost", ["home", "claims"])
def test_either_place_is_enough(profile, lost):
    write_claim(profile, "abc")
    shutil.rmtree(getattr(profile, lost))
    assert read_claim(profile).container == "abc"


def test_a_torn_file_counts_as_none(profile):
    write_claim(profile, "abc")
    profile.claim_files[0].write_text("{")
    assert read_claim(profile).container == "abc"
    profile.claim_files[1].write_text("[]")
    assert read_claim(profile) is None


OLD = '{"since": "2026-01-01T12:00:00+00:00", "container": "abc"}'  # as the first version wrote it, without name and home


def test_a_record_of_the_first_version_is_known_and_completed_by_the_next_write(profile):
    for file in profile.claim_files:
        file.parent.mkdir()
        file.write_text(OLD)
    assert read_claim(profile) == Claim("2026-01-01T12:00:00+00:00", "abc")
    write_claim(profile)
    assert read_claim(profile) == Claim("2026-01-01T12:00:00+00:00", "abc", "runbook", str(profile.home))


@pytest.mark.parametrize("name", ["claims/runbook.json", "home/claim.json", "home/claim.new"])
@pytest.mark.parametrize("content", ['{"name": "a package"}', "my notes", "[]"])
def test_a_file_of_somebody_else_is_not_written_over(profile, name, content):
    file = profile.home.parent / name
    file.parent.mkdir()
    file.write_text(content)
    with pytest.raises(RunbookError, match=f"{name} is none of this collection's"):
        write_claim(profile)
    assert file.read_text() == content
    assert list(profile.home.parent.rglob("*.*")) == [file]


@pytest.mark.parametrize("torn", ["", '{"sin', OLD[:20], "\0\0\0"])
def test_a_record_that_was_cut_off_is_written_anew(profile, torn):
    profile.home.mkdir()
    profile.claim_files[1].write_text(torn)
    write_claim(profile, "abc")
    assert json.loads(profile.claim_files[1].read_text())["container"] == "abc"


def test_the_home_of_another_profile_is_known_by_its_claim(profile):
    write_claim(Profile("other", profile.home, profile.kubeconfig, profile.claims), "abc")
    assert (read_claims(profile).other, read_claim(profile)) == ("other", None)


@pytest.mark.parametrize("made, other", [([], ""), (["runbook"], ""), (["big", "runbook"], ""), (["big"], "big")])
def test_whose_an_old_claim_is_tell_the_profiles_beside_it(profile, made, other):
    profile.home.mkdir()
    profile.claim_files[1].write_text(OLD)
    for name in made:
        (profile.folder / "profiles" / name).mkdir(parents=True)
    assert read_claims(profile).other == other


def test_whose_a_home_is_tells_the_record_of_the_role(profile):
    profile.home.mkdir()
    profile.claim_files[1].write_text(OLD)
    profile.record_file.write_text('{"profile": "big"}')
    assert read_claims(profile).other == "big"
    profile.record_file.write_text('{"profile": "runbook"}')
    assert read_claims(profile).other == "" and read_claim(profile).container == "abc"


STRANGER = Observed(container="running", container_id="abc", config={"Driver": "docker"}, served=True)


def test_a_cluster_that_minikube_made_without_us_is_not_claimed_when_it_is_seen_ready(profile):
    note_if_ready(profile, STRANGER)
    assert read_claim(profile) is None and not profile.home.exists()
    note_if_ready(profile, replace(STRANGER, has_claim=True, claimed=True))
    assert read_claim(profile).container == "abc"


@pytest.mark.parametrize("claims", [True, False])
def test_nor_when_it_is_started(profile, monkeypatch, claims):
    monkeypatch.setattr(apply, "wait_for_no_problems", lambda *_arguments: ())
    monkeypatch.setattr(apply, "observe", lambda *_arguments: Observed())
    minikube = SimpleNamespace(profile=profile, start=lambda *_arguments: "")
    apply.apply(Plan((Action("start", "it is stopped", claims=claims),)), minikube, None, None, 1)
    assert (read_claim(profile) is not None) is claims


def test_what_was_never_ready_is_made_anew_without_following_links(profile):
    """As `unmake` has it: only the profile's own folders go."""
    others = profile.home.parent / "others"
    for name in ("profiles/runbook/config.json", "profiles/other/config.json", "machines/runbook/id_rsa", "ca.key"):
        write(others / name, "content")
    minikube = SimpleNamespace(profile=profile)
    engine = SimpleNamespace(remove=lambda *_arguments: None)
    profile.home.mkdir()
    profile.folder.symlink_to(others)
    apply.apply(Plan((Action("unmake", "it was never ready"),)), minikube, engine, None, 1)
    assert len([path for path in others.rglob("*") if path.is_file()]) == 4
    profile.folder.unlink()
    others.rename(profile.folder)
    apply.apply(Plan((Action("unmake", "it was never ready"),)), minikube, engine, None, 1)
    assert sorted(path.name for path in profile.folder.rglob("*")) == ["ca.key", "config.json", "machines", "other", "profiles"]
