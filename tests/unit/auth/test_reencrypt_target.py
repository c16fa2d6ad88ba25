# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What values are encrypted with, and who has to be able to decrypt it."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.target import ReencryptTarget, require_decryptable, target_of, writing
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from reencrypt_data import ADDED, IDLE, OLD_REMOVED, PROMOTED, TO_B2, TO_BARE_A, TO_BARE_B, A, B, server


@pytest.mark.parametrize(
    ("option", "secrets", "target"),
    [
        ("current", IDLE, TO_BARE_A),
        ("current", ADDED, ReencryptTarget(A, 1)),
        ("current", PROMOTED, TO_B2),
        ("none", PROMOTED, TO_BARE_A),
        ("2", ADDED, TO_B2),
    ],
)
def test_the_target(option, secrets, target):
    assert target_of(option, secrets, [server(secrets)]) == target


@pytest.mark.parametrize(
    ("option", "secrets", "message"),
    [
        ("3", PROMOTED, "no version 3 .it has 2, 1"),
        ("1", IDLE, "it has none"),
        ("none", SigningSecrets(None, {2: B}), "no value of BETTER_AUTH_SECRET"),
        ("newest", PROMOTED, "must be current, none or the number"),
        ("²", PROMOTED, "must be current, none or the number"),
    ],
)
def test_an_invalid_version(option, secrets, message):
    with pytest.raises(RunbookError, match=message) as refused:
        target_of(option, secrets, [])
    assert A not in str(refused.value) and B not in str(refused.value)


def test_the_current_version_is_not_known_in_the_middle_of_a_rollout():
    servers = [server(ADDED), server(PROMOTED, "web-2")]
    with pytest.raises(RunbookError, match="different versions .1, 2."):
        target_of("current", ADDED, servers)
    assert target_of("2", ADDED, servers) == TO_B2


@pytest.mark.parametrize(
    ("target", "servers"),
    [
        (TO_B2, [ADDED, PROMOTED, OLD_REMOVED]),
        (TO_BARE_A, [IDLE, ADDED, PROMOTED]),
        (TO_BARE_B, [OLD_REMOVED, SigningSecrets(B)]),
        (ReencryptTarget(A, 1), [ADDED, PROMOTED]),
    ],
)
def test_servers_that_decrypt_the_target(target, servers):
    require_decryptable(target, [server(one) for one in servers], force=False)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("target", "unable"),
    [
        (TO_B2, IDLE),
        (TO_B2, SigningSecrets(B)),  # it has the secret, but no versions
        (TO_B2, SigningSecrets(B, {3: B})),
        (TO_B2, SigningSecrets(A, {2: A})),
        (TO_BARE_B, PROMOTED),  # it has the secret, but as a version only
        (TO_BARE_A, OLD_REMOVED),
        (TO_BARE_A, SigningSecrets(None, {1: A})),
    ],
)
def test_one_server_that_can_not_decrypt_is_enough_whatever_force_is(target, unable, force):
    able = target.secrets
    with pytest.raises(RunbookError, match=r"can't decrypt .* web-2, .* first.*Nothing was changed") as refused:
        require_decryptable(target, [server(able), server(unable, "web-2")], force)
    assert "web-1" not in str(refused.value) and A not in str(refused.value) and B not in str(refused.value)


@pytest.mark.parametrize(
    ("servers", "message"),
    [([], "No auth server is given"), ([server(None, unknown="no cat")], "no cat"), ([server(PROMOTED), server(None)], "neither")],
)
def test_what_is_unknown_needs_force(servers, message):
    with pytest.raises(RunbookError, match=message):
        require_decryptable(TO_B2, servers, force=False)
    require_decryptable(TO_B2, servers, force=True)


def test_what_servers_encrypt_with_from_now_on():
    servers = [server(one) for one in (PROMOTED, ADDED, OLD_REMOVED, None)]
    assert [writing(TO_B2, one) for one in servers] == ["target", "other", "target", "unknown"]
    assert writing(TO_BARE_A, server(PROMOTED)) == "other"
