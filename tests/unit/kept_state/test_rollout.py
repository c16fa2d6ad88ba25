# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an earlier version noted on workloads and revisions: which one serves, what an undo left, why it was made, and who owns what."""

from __future__ import annotations

import pytest
from kept_state.readers import (
    current_of,
    history,
    migrate_managed_fields,
    needs_migration,
    recorded_last_good,
    revisions_of,
    stored,
    target_of,
    template_writer,
)
from workload_objects import WEB, web

CAUSE = "deploy todo: set containers[app].image to web:2 (by ann)"


def read(name: str) -> tuple[dict, list]:
    """A Deployment and its revisions."""
    found = stored(name)
    obj = found["Deployment"]
    return obj, revisions_of(WEB, obj, web(deploy=obj, sets=found["ReplicaSets"]))


def test_what_serves_and_why_it_was_made():
    obj, revisions = read("rollout_served")
    assert recorded_last_good(obj) == current_of(obj, revisions).name == "web-two"
    assert [(one["revision"], one["change_cause"], one["current"]) for one in history(obj, revisions)] == [(1, "", False), (2, CAUSE, True)]
    assert target_of("", obj, revisions, 0).name == "web-one"
    assert template_writer(obj["metadata"]["managedFields"]) == "runbook-deploy"


@pytest.mark.parametrize(("number", "target"), [(0, None), (1, None), (3, None), (2, "web-two")])
def test_an_undo_that_was_done_is_not_done_again(number, target):
    obj, revisions = read("rollout_undone")
    found = target_of("", obj, revisions, number)
    assert (found and found.name) == target
    assert current_of(obj, revisions).name == "web-one" and recorded_last_good(obj) == "web-two"


def test_a_change_that_was_cut_off_before_its_fields_became_applied_ones():
    managed = stored("rollout_interrupted_managed_fields")
    assert needs_migration(managed) and template_writer(managed) == "runbook-deploy"
    after = migrate_managed_fields(managed)
    own = next(entry["fieldsV1"] for entry in after if (entry["manager"], entry["operation"]) == ("runbook-deploy", "Apply"))
    assert not needs_migration(after) and set(own["f:spec"]) == {"f:replicas", "f:template"}
    assert "f:kubernetes.io/change-cause" not in str(own)
