# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record that decides whether a volume may hold data survives the loss of either place."""

from __future__ import annotations

import shutil

import pytest

from ansible_collections.runbook.minikube.plugins.module_utils.profile.claim import drop_claim, read_claim, write_claim
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Profile


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


def test_a_dropped_claim_is_gone(profile):
    write_claim(profile)
    drop_claim(profile)
    assert read_claim(profile) is None
