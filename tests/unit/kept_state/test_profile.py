# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ownership record of a profile and the record of a local cluster, as an earlier version wrote them on a user's machine."""

from __future__ import annotations

import re

import pytest
from kept_state.readers import CHECKOUT, Profile, read_record, record_differences, stored, text, write_record

CONTAINER = "3f4c2b1a0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a"
SINCE = "2025-03-01T12:00:00.123456+00:00"
RECORD = stored("local_cluster")
# The keys of a record that roles and playbooks read; REQUIRED are those without a default.
READ = re.compile(r"\b(?:local_cluster__record|local_cluster_record|runbook_record|local_cluster|local_cluster \| default\({}\)\))\.([a-z_]+)\b")
REQUIRED = re.compile(READ.pattern + r"(?! *\| *default)")


@pytest.fixture
def profile(tmp_path) -> Profile:
    return Profile("runbook", tmp_path / "home", tmp_path / "home/kubeconfig", tmp_path / "claims")


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(("name", "container"), [("claim_taken", ""), ("claim_ready", CONTAINER)])
def test_a_record_in_either_place(profile, name, container, place):
    file = profile.ownership_files[place]
    file.parent.mkdir(parents=True)
    file.write_text(text(f"{name}.json"), encoding="utf-8")
    record = read_record(profile)
    assert (record.since, record.container) == (SINCE, container)
    write_record(profile)
    updated = read_record(profile)
    assert (updated.since, updated.container) == (SINCE, container)


def test_the_record_has_what_is_read_of_one():
    files = [file for folder in ("roles", "playbooks") for file in (CHECKOUT / folder).rglob("*.yml") if "collections" not in file.parts]
    texts = [file.read_text(encoding="utf-8") for file in files]
    read = {name for content in texts for name in READ.findall(content)}
    assert {"minikube", "profile", "context", "kubeconfig", "minikube_home", "source", "sources", "paths", "cache_dir"} <= read
    assert {name for content in texts for name in REQUIRED.findall(content)} - {"json"} <= set(RECORD)


def test_the_builder_compares_with_the_record():
    paths = {f"program/{name}": RECORD["paths"][name] for name in ("minikube", "kubectl", "helm")}
    assert record_differences(RECORD, {**paths, "chart/dapr": RECORD["paths"]["dapr_chart"]}) == []
    assert record_differences(RECORD, {**paths, "chart/dapr": "/elsewhere"}) == ["chart/dapr has another path"]
