# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a secret may decide which keys go."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth.trust import require_trust
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from fake_keys import NEW, PLAIN, WORKS, A, B, given, keys, signer

BOTH = SigningSecrets(A.single, {1: "b"})
NONE, SILENT = signer(None), signer(None, "no cat", "web-2")


@pytest.mark.parametrize(
    ("of", "rows"),
    [
        (given(A, signer(), signer(pod="web-2")), [NEW]),  # after the incident the right secret reads nothing
        (given(A, signer()), []),
        (given(A), [NEW, WORKS]),
        (given(SigningSecrets(A.single, {2: "x", 1: "y"}), signer(SigningSecrets(A.single, {1: "y", 2: "x"}))), [NEW]),
    ],
)
def test_what_is_certain_needs_no_force(of, rows):
    require_trust(of, keys(*rows), force=False)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("of", "words"),
    [
        (given(A, signer(B)), r"Deployment/web \(pod web-1, container app\) has another\."),
        (given(A, signer(B), NONE), "has another, .* has none"),
        (given(A, NONE), "has none"),
        (given(A, signer(BOTH)), "have both BETTER_AUTH_SECRET and BETTER_AUTH_SECRETS, name both, in secret and in secrets"),
        (given(SigningSecrets(None, BOTH.versions), signer(BOTH)), "name both, in secret and in secrets"),
    ],
)
def test_a_secret_that_no_signer_has_is_refused_whatever_it_reads(of, words, force):
    with pytest.raises(RunbookError, match=f"No running signer has the secret.*{words}") as refused:
        require_trust(of, keys(WORKS), force)
    assert "force" not in str(refused.value) and "Nothing was changed." in str(refused.value)
    assert A.single not in str(refused.value) and B.single not in str(refused.value)


@pytest.mark.parametrize(
    ("of", "rows", "stores", "words"),
    [
        (given(A, signer(), signer(B, pod="web-2")), [WORKS], "encrypted", r"Not every .*pod web-2, container app\) has another"),
        (given(A, signer(), NONE), [WORKS], "encrypted", "Not every .* has none"),
        (given(A, signer(), SILENT), [WORKS], "encrypted", r"web-2, container app\) runs with is not known: no cat"),
        (given(A, SILENT), [WORKS], "encrypted", "is not known: no cat"),
        (given(A, signer(B), SILENT), [WORKS], "encrypted", "Not every"),
        (given(A), [NEW], "encrypted", "reads not one of the keys, and no signer is named"),
        (given(A), [PLAIN], "encrypted", "reads not one of the keys"),
        (given(None), [NEW], "unencrypted", "Not one key is stored unencrypted.* private_keys"),
    ],
)
def test_a_doubt_needs_force(of, rows, stores, words):
    found = keys(*rows, secrets=of.secrets, stores=stores)
    with pytest.raises(RunbookError, match=f"{words}.*set force: true. Nothing was changed."):
        require_trust(of, found, force=False)
    require_trust(of, found, force=True)


def test_where_keys_are_unencrypted_one_that_is_so_is_enough():
    require_trust(given(None), keys(NEW, PLAIN, secrets=None, stores="unencrypted"), force=False)
    require_trust(given(None, signer(B)), keys(PLAIN, secrets=None, stores="unencrypted"), force=False)
