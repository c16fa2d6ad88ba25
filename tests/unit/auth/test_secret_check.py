# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a secret may decide which keys are removed."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.secret_check import require_confirmed_secret
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_keys import NEW, PLAIN, WORKS, A, B, keys, resolved, server

BOTH = SigningSecrets(A.single, {1: "b"})
NONE, SILENT = server(None), server(None, "no cat", "web-2")


@pytest.mark.parametrize(
    ("of", "rows"),
    [
        (resolved(A, server(), server(pod="web-2")), [NEW]),  # after the incident the correct secret decrypts nothing
        (resolved(A, server()), []),
        (resolved(A), [NEW, WORKS]),
        (resolved(SigningSecrets(A.single, {2: "x", 1: "y"}), server(SigningSecrets(A.single, {1: "y", 2: "x"}))), [NEW]),
    ],
)
def test_what_is_certain_needs_no_force(of, rows):
    require_confirmed_secret(of, keys(*rows), force=False)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("of", "message"),
    [
        (resolved(A, server(B)), r"Deployment/web \(pod web-1, container app\) has a different one\."),
        (resolved(A, server(B), NONE), "has a different one, .* has none"),
        (resolved(A, NONE), "has none"),
        (resolved(A, server(BOTH)), "have both BETTER_AUTH_SECRET and BETTER_AUTH_SECRETS, set both secret and secrets"),
        (resolved(SigningSecrets(None, BOTH.versions), server(BOTH)), "set both secret and secrets"),
    ],
)
def test_a_secret_that_no_auth_server_has_is_refused_whatever_it_decrypts(of, message, force):
    with pytest.raises(RunbookError, match=f"No running auth server has the secret.*{message}") as refused:
        require_confirmed_secret(of, keys(WORKS), force)
    assert "force" not in str(refused.value) and "Nothing was changed." in str(refused.value)
    assert A.single not in str(refused.value) and B.single not in str(refused.value)


@pytest.mark.parametrize(
    ("of", "rows", "storage", "message"),
    [
        (resolved(A, server(), server(B, pod="web-2")), [WORKS], "encrypted", r"Not every .*pod web-2, container app\) has a different one"),
        (resolved(A, server(), NONE), [WORKS], "encrypted", "Not every .* has none"),
        (resolved(A, server(), SILENT), [WORKS], "encrypted", r"web-2, container app\) could not be read: no cat"),
        (resolved(A, SILENT), [WORKS], "encrypted", "could not be read: no cat"),
        (resolved(A, server(B), SILENT), [WORKS], "encrypted", "Not every"),
        (resolved(A), [NEW], "encrypted", "decrypts none of the keys, and no running auth server was given"),
        (resolved(A), [PLAIN], "encrypted", "decrypts none of the keys"),
        (resolved(None), [NEW], "unencrypted", "None of the keys is stored unencrypted.* private_keys"),
    ],
)
def test_an_unconfirmed_secret_needs_force(of, rows, storage, message):
    found = keys(*rows, secrets=of.secrets, storage=storage)
    with pytest.raises(RunbookError, match=f"{message}.*set force: true. Nothing was changed."):
        require_confirmed_secret(of, found, force=False)
    require_confirmed_secret(of, found, force=True)


def test_where_keys_are_unencrypted_one_that_is_so_is_enough():
    require_confirmed_secret(resolved(None), keys(NEW, PLAIN, secrets=None, storage="unencrypted"), force=False)
    require_confirmed_secret(resolved(None, server(B)), keys(PLAIN, secrets=None, storage="unencrypted"), force=False)
