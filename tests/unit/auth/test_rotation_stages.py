# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stages of a rotation: what is to be done from each, what each step writes, and which secrets can't be taken."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation import stages
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.stages import (
    WITH_VERSIONS,
    WITHOUT_VERSIONS,
    WRITES,
    Held,
    change_of,
    held_after,
    is_due,
    require_acceptable,
    steps_from,
    unlisted,
)
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from auth_rotation_data import ADOPTED, AT_REST, DROPPED, ENDED, REPLACED, SWITCHED, A, B, C

STAGES = (AT_REST, ADOPTED, SWITCHED, DROPPED, REPLACED)


def test_the_stage_is_read_off_the_secret():
    assert [held.stage for held in (*STAGES, ENDED)] == ["rest", "adopted", "switched", "dropped", "replaced", "rest"]


def test_one_that_a_person_has_begun_by_hand_goes_on_as_well():
    assert Held(SigningSecrets(A, {1: A, 2: B})).stage == "adopted"
    assert Held(SigningSecrets(A, {3: C, 2: B, 1: A})).stage == "switched"


def test_a_rotation_with_versions_and_the_next_one():
    """The environments are those that were measured on Better Auth 1.7."""
    held, seen = AT_REST, []
    for new in (B, C):
        for step in (one for one in WITH_VERSIONS if one in WRITES):
            assert is_due(step, held, steps_from(held, False, True), versioned=True)
            held = held_after(change_of(step, held, new))
            seen.append((held.stage, stages.written(held.secrets.versions), held.secrets.single))
    assert seen == [
        ("adopted", f"1:{A},2:{B}", A), ("switched", f"2:{B},1:{A}", A), ("dropped", f"2:{B}", B), ("rest", f"2:{B}", B),
        ("adopted", f"2:{B},3:{C}", B), ("switched", f"3:{C},2:{B}", B), ("dropped", f"3:{C}", C), ("rest", f"3:{C}", C),
    ]  # fmt: skip


def test_a_rotation_without_versions_keeps_the_old_secret_to_its_end():
    held = held_after(change_of("replace", AT_REST, B))
    assert held == REPLACED
    assert steps_from(held, True, False) == list(WITHOUT_VERSIONS[1:])
    assert held_after(change_of("finish", held, "")) == Held(SigningSecrets(B))


@pytest.mark.parametrize(("held", "stale", "steps"), [
    (ADOPTED, True, ["restart", "switch", "restart", "reencrypt", "drop", "spread", "finish"]),
    (ADOPTED, False, ["switch", "restart", "reencrypt", "drop", "spread", "finish"]),
    (SWITCHED, True, ["restart", "reencrypt", "drop", "spread", "finish"]),
    (SWITCHED, False, ["reencrypt", "drop", "spread", "finish"]),
    (DROPPED, True, ["spread", "finish"]),
    (DROPPED, False, ["spread", "finish"]),
])  # fmt: skip
def test_one_that_was_cut_off_goes_on_from_where_it_stood(held, stale, steps):
    assert steps_from(held, stale, True) == steps


@pytest.mark.parametrize(("step", "held", "stale", "message"), [
    ("switch", AT_REST, False, "adopt comes before switch"),
    ("drop", ADOPTED, False, "switch comes before drop"),
    ("switch", ADOPTED, True, "restart comes before switch"),
    ("drop", SWITCHED, True, "restart comes before drop"),
    ("finish", ADOPTED, False, "switch comes before finish"),
    ("replace", AT_REST, False, "replace is none of a rotation with versions"),
])  # fmt: skip
def test_no_step_out_of_turn(step, held, stale, message):
    with pytest.raises(RunbookError, match=message):
        is_due(step, held, steps_from(held, stale, True), versioned=True)


@pytest.mark.parametrize(("step", "held"), [("adopt", ADOPTED), ("adopt", DROPPED), ("switch", SWITCHED), ("drop", DROPPED), ("finish", ENDED)])
def test_a_step_that_was_written_is_not_due(step, held):
    assert not is_due(step, held, steps_from(held, False, True), versioned=True)


@pytest.mark.parametrize(("new", "held", "message"), [
    ("short", AT_REST, "at least 32 characters"),
    (A, AT_REST, "in use already"),
    (f"{B},", AT_REST, "comma"),
    (f" {B}", AT_REST, "whitespace"),
    (C, ADOPTED, "another secret has not ended"),
    (C, DROPPED, "another secret has not ended"),
    (C, REPLACED, "another secret has not ended"),
])  # fmt: skip
def test_secrets_that_are_refused(new, held, message):
    with pytest.raises(RunbookError, match=message) as refused:
        require_acceptable(new, held)
    assert new not in str(refused.value)


def test_the_secret_of_the_rotation_under_way_may_be_given_again():
    for held in (ADOPTED, SWITCHED, DROPPED, REPLACED):
        require_acceptable(B, held)
    require_acceptable(B, AT_REST)


@pytest.mark.parametrize("secret", ["with,comma", " space", "newline\n"])
def test_a_present_secret_that_no_list_holds(secret):
    assert "can't hold" in unlisted(Held(SigningSecrets(secret)))
    assert unlisted(Held(SigningSecrets(secret, {2: B}))) == "" and unlisted(AT_REST) == ""


def test_nothing_shows_a_secret():
    for held in STAGES:
        assert A not in repr(held) and B not in repr(held)
    assert B not in repr(change_of("adopt", AT_REST, B))
