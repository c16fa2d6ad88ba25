# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What values are brought under, and who has to be able to read it."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_target import Target, require_readers, target_of, writing
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from reencrypt_data import STAGE_0, STAGE_1, STAGE_2, STAGE_4, TO_B2, TO_BARE_A, TO_BARE_B, A, B, signer


@pytest.mark.parametrize(
    ("option", "secrets", "target"),
    [
        ("current", STAGE_0, TO_BARE_A),
        ("current", STAGE_1, Target(A, 1)),
        ("current", STAGE_2, TO_B2),
        ("bare", STAGE_2, TO_BARE_A),
        ("2", STAGE_1, TO_B2),
    ],
)
def test_the_target(option, secrets, target):
    assert target_of(option, secrets, [signer(secrets)]) == target


@pytest.mark.parametrize(
    ("option", "secrets", "words"),
    [
        ("3", STAGE_2, "no version 3 .it has 2, 1"),
        ("1", STAGE_0, "it has none"),
        ("bare", SigningSecrets(None, {2: B}), "no value of BETTER_AUTH_SECRET"),
        ("newest", STAGE_2, "none of current, bare"),
        ("²", STAGE_2, "none of current, bare"),
    ],
)
def test_a_target_that_is_none(option, secrets, words):
    with pytest.raises(RunbookError, match=words) as refused:
        target_of(option, secrets, [])
    assert A not in str(refused.value) and B not in str(refused.value)


def test_the_current_version_is_not_known_in_the_middle_of_a_rollout():
    signers = [signer(STAGE_1), signer(STAGE_2, "web-2")]
    with pytest.raises(RunbookError, match="different versions .1, 2."):
        target_of("current", STAGE_1, signers)
    assert target_of("2", STAGE_1, signers) == TO_B2


@pytest.mark.parametrize(
    ("target", "signers"),
    [
        (TO_B2, [STAGE_1, STAGE_2, STAGE_4]),
        (TO_BARE_A, [STAGE_0, STAGE_1, STAGE_2]),
        (TO_BARE_B, [STAGE_4, SigningSecrets(B)]),
        (Target(A, 1), [STAGE_1, STAGE_2]),
    ],
)
def test_signers_that_read_the_target(target, signers):
    require_readers(target, [signer(one) for one in signers], force=False)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("target", "unable"),
    [
        (TO_B2, STAGE_0),
        (TO_B2, SigningSecrets(B)),  # it knows the secret, and no versions
        (TO_B2, SigningSecrets(B, {3: B})),
        (TO_B2, SigningSecrets(A, {2: A})),
        (TO_BARE_B, STAGE_2),  # it knows the secret, and as a version only
        (TO_BARE_A, STAGE_4),
        (TO_BARE_A, SigningSecrets(None, {1: A})),
    ],
)
def test_one_signer_that_can_not_read_is_enough_whatever_is_forced(target, unable, force):
    able = target.secrets
    with pytest.raises(RunbookError, match=r"can't read .* web-2, .* first.*Nothing was changed") as refused:
        require_readers(target, [signer(able), signer(unable, "web-2")], force)
    assert "web-1" not in str(refused.value) and A not in str(refused.value) and B not in str(refused.value)


@pytest.mark.parametrize(
    ("signers", "words"),
    [([], "No signer is named"), ([signer(None, unknown="no cat")], "no cat"), ([signer(STAGE_2), signer(None)], "neither")],
)
def test_what_is_not_known_needs_force(signers, words):
    with pytest.raises(RunbookError, match=words):
        require_readers(TO_B2, signers, force=False)
    require_readers(TO_B2, signers, force=True)


def test_what_signers_write_from_now_on():
    signers = [signer(one) for one in (STAGE_2, STAGE_1, STAGE_4, None)]
    assert [writing(TO_B2, one) for one in signers] == ["target", "other", "target", "unknown"]
    assert writing(TO_BARE_A, signer(STAGE_2)) == "other"
