# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stages of a rotation: the remaining steps of each, what each step writes, and which new secrets are invalid."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation import plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.plan import (
    change_of,
    is_due,
    require_valid_new_secret,
    state_after,
    why_not_representable,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.stages import (
    UNVERSIONED_STEPS,
    VERSIONED_STEPS,
    WRITTEN_STEPS,
    SecretState,
    remaining_steps,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from auth_rotation_data import ADDED, COMPLETE, IDLE, OLD_REMOVED, PROMOTED, REPLACED, A, B, C

STAGES = (IDLE, ADDED, PROMOTED, OLD_REMOVED, REPLACED)


def test_the_stage_is_derived_from_the_secret():
    assert [state.stage for state in (*STAGES, COMPLETE)] == ["idle", "added", "promoted", "old_removed", "replaced", "idle"]


def test_a_rotation_that_was_started_by_hand_continues_as_well():
    assert SecretState(SigningSecrets(A, {1: A, 2: B})).stage == "added"
    assert SecretState(SigningSecrets(A, {3: C, 2: B, 1: A})).stage == "promoted"


def test_a_versioned_rotation_and_the_next_one():
    """The environments are those that were measured on Better Auth 1.7."""
    state, observed = IDLE, []
    for new in (B, C):
        for step in (one for one in VERSIONED_STEPS if one in WRITTEN_STEPS and one != "sync_copies"):
            assert is_due(step, state, remaining_steps(state, False, True), versioned=True)
            state = state_after(change_of(step, state, new))
            observed.append((state.stage, plan.format_versions(state.secrets.versions), state.secrets.single))
    assert observed == [
        ("added", f"1:{A},2:{B}", A), ("promoted", f"2:{B},1:{A}", A), ("old_removed", f"2:{B}", B), ("idle", f"2:{B}", B),
        ("added", f"2:{B},3:{C}", B), ("promoted", f"3:{C},2:{B}", B), ("old_removed", f"3:{C}", C), ("idle", f"3:{C}", C),
    ]  # fmt: skip


def test_an_unversioned_rotation_keeps_the_old_secret_to_its_end():
    state = state_after(change_of("replace", IDLE, B))
    assert state == REPLACED
    assert remaining_steps(state, True, False, copies=True, copies_due=True) == list(UNVERSIONED_STEPS[1:])
    assert state_after(change_of("finish", state, "")) == SecretState(SigningSecrets(B))


TO_THE_END = ["reencrypt", "remove_old", "sync_copies", "restart", "finish"]


@pytest.mark.parametrize(("state", "restart_required", "copies_due", "steps"), [
    (ADDED, True, True, ["sync_copies", "restart", "promote", "sync_copies", "restart", *TO_THE_END]),
    (ADDED, True, False, ["restart", "promote", "sync_copies", "restart", *TO_THE_END]),
    (ADDED, False, False, ["promote", "sync_copies", "restart", *TO_THE_END]),
    (PROMOTED, True, True, ["sync_copies", "restart", *TO_THE_END]),
    (PROMOTED, False, False, TO_THE_END),
    (OLD_REMOVED, True, True, ["sync_copies", "restart", "finish"]),
    (OLD_REMOVED, True, False, ["restart", "finish"]),
    (OLD_REMOVED, False, False, ["finish"]),
])  # fmt: skip
def test_an_interrupted_rotation_continues(state, restart_required, copies_due, steps):
    assert remaining_steps(state, restart_required, True, copies=True, copies_due=copies_due) == steps
    without = [step for step in steps[copies_due:] if step != "sync_copies"]
    assert remaining_steps(state, restart_required, True) == without, "there are no copies"


def test_a_key_of_a_former_secret_is_no_stage_without_the_annotation():
    """Somebody has kept the secret before the last one beside it."""
    assert SecretState(SigningSecrets(B), previous=A).stage == "idle"
    assert SecretState(SigningSecrets(A, {1: A, 2: B}), previous=C, in_progress=True).stage == "added"


@pytest.mark.parametrize(("step", "state", "restart_required", "message"), [
    ("promote", IDLE, False, "add comes before promote"),
    ("remove_old", ADDED, False, "promote comes before remove_old"),
    ("promote", ADDED, True, "restart comes before promote"),
    ("remove_old", PROMOTED, True, "restart comes before remove_old"),
    ("finish", ADDED, False, "promote comes before finish"),
    ("finish", OLD_REMOVED, True, "restart comes before finish"),
    ("replace", IDLE, False, "replace does not exist in a versioned rotation"),
])  # fmt: skip
def test_no_step_out_of_turn(step, state, restart_required, message):
    with pytest.raises(RunbookError, match=message):
        is_due(step, state, remaining_steps(state, restart_required, True), versioned=True)


@pytest.mark.parametrize(("step", "state"), [("add", ADDED), ("add", OLD_REMOVED), ("promote", PROMOTED), ("remove_old", OLD_REMOVED), ("finish", COMPLETE)])
def test_a_step_that_was_written_is_not_due(step, state):
    assert not is_due(step, state, remaining_steps(state, False, True), versioned=True)


@pytest.mark.parametrize(("new", "state", "message"), [
    ("short", IDLE, "at least 32 characters"),
    (A, IDLE, "already in use"),
    (f"{B},", IDLE, "comma"),
    (f" {B}", IDLE, "whitespace"),
    (C, ADDED, "a different secret is in progress"),
    (C, OLD_REMOVED, "a different secret is in progress"),
    (C, REPLACED, "a different secret is in progress"),
])  # fmt: skip
def test_invalid_new_secrets(new, state, message):
    with pytest.raises(RunbookError, match=message) as refused:
        require_valid_new_secret(new, state)
    assert new not in str(refused.value)


def test_the_secret_of_the_rotation_in_progress_may_be_set_again():
    for state in (ADDED, PROMOTED, OLD_REMOVED, REPLACED):
        require_valid_new_secret(B, state)
    require_valid_new_secret(B, IDLE)


@pytest.mark.parametrize("secret", ["with,comma", " space", "newline\n"])
def test_a_current_secret_that_no_list_can_represent(secret):
    assert "cannot represent" in why_not_representable(SecretState(SigningSecrets(secret)))
    assert why_not_representable(SecretState(SigningSecrets(secret, {2: B}))) == "" and why_not_representable(IDLE) == ""


def test_nothing_shows_a_secret():
    for state in STAGES:
        assert A not in repr(state) and B not in repr(state)
    assert B not in repr(change_of("add", IDLE, B))
