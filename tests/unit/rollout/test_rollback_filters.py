# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters of rollback.yml: which workloads are selected without names, and how their revisions are listed."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.filter.rollback import FilterModule

FILTERS = FilterModule().filters()
OLD = {"revision": 1, "images": {"app": "app:1"}, "change_cause": "", "current": False}
NEW = {"revision": 2, "images": {"wait": "wait:1", "app": "app:2"}, "change_cause": "deploy shop", "current": True}


def workload(name, state, **more):
    return {"kind": "Deployment", "name": name, "state": state, **more}


def test_rollback_candidates_are_incomplete_and_have_a_previous_revision():
    found = [
        workload("complete", "complete", history=[OLD, NEW]), workload("failed", "failed", history=[OLD, NEW]),
        workload("progressing", "progressing", history=[OLD, NEW]), workload("first", "failed", history=[NEW]), workload("absent", "failed"),
    ]
    assert FILTERS["rollback_candidates"](found) == ["failed", "progressing"]


def test_revision_summary_lists_images_change_cause_and_selection():
    lines = FILTERS["revision_summary"]([workload("a", "failed", history=[OLD, NEW]), workload("b", "failed")], ["a"])
    assert lines == [
        "Deployment a: failed, will be rolled back. Revisions: 1 (app:1); 2 (wait:1, app:2: deploy shop, current)",
        "Deployment b: failed. Revisions: none",
    ]
