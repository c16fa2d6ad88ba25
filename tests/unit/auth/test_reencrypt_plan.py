# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done with one value that is re-encrypted."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.ciphertext import decrypt_private_key, decrypt_text, encrypt
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt import plan
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.plan import PRIVATE_KEYS, plan_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.target import ReencryptTarget
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from reencrypt_data import TO_B2, TO_BARE_A, TO_BARE_B, TOKEN, TOTP, VECTORS, A, B, bare, job


def planned(column, value, target=TO_B2, *secrets, writes=True):
    (found,) = plan_values(column, [("row", value)], job(target, *secrets), writes)
    return found


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, vectors in VECTORS.items() for name in vectors["keys"]])
@pytest.mark.parametrize("target", [TO_B2, TO_BARE_B, TO_BARE_A, ReencryptTarget(A, 1)], ids=str)
def test_keys_of_real_ones(release, name, target):
    stored = VECTORS[release]["keys"][name]["privateKey"]
    found = planned(PRIVATE_KEYS, stored, target)
    before = decrypt_private_key(stored, SigningSecrets(B if name == "bare_unicode" else A, {1: A, 2: B}))
    secrets = target.secrets
    if name == "unencrypted":
        assert (found.state, found.new) == ("plain", "")
    elif decrypt_private_key(stored, secrets).state == "readable":
        assert (found.state, found.new) == ("already_current", "")
    else:
        assert (found.state, found.old) == ("reencrypted", stored)
        assert found.new.startswith('"') and found.new.endswith('"')
        assert decrypt_private_key(found.new, secrets).text == before.text
        assert planned(PRIVATE_KEYS, found.new, target).state == "already_current"


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, vectors in VECTORS.items() for name in vectors["texts"]])
def test_other_data_of_real_ones_has_no_quotes(release, name):
    found = planned(TOTP, VECTORS[release]["texts"][name], ReencryptTarget(A, 3))
    assert re.fullmatch(r"\$ba\$3\$[0-9a-f]+", found.new)
    assert decrypt_text(found.new, SigningSecrets(None, {3: A})).text == "JBSWY3DPEHPK3PXP"
    assert re.fullmatch(r"[0-9a-f]+", planned(TOTP, VECTORS[release]["texts"][name], ReencryptTarget("another")).new)


@pytest.mark.parametrize(
    ("column", "value", "state"),
    [
        (TOTP, bare(secret="nobody's"), "unreadable"),
        (TOTP, bare(secret="nobody's", version=2), "unreadable"),
        (TOTP, "no hex", "malformed"),
        (TOTP, "", "malformed"),
        (TOTP, "abcd", "malformed"),
        (TOKEN, "ya29.a-token-of-somebody", "plain"),
        (TOKEN, "", "plain"),
        (TOKEN, "ab" * 60, "unreadable"),  # a token in the form of an encrypted one is unchanged too
        (PRIVATE_KEYS, bare(), "malformed"),  # no JSON
        (PRIVATE_KEYS, json.dumps(bare("no key")), "malformed"),
        (PRIVATE_KEYS, '{"kty": "OKP"}', "malformed"),
        (PRIVATE_KEYS, '{"kty": "OKP", "d": "x"}', "plain"),
    ],
)
def test_what_is_left_unchanged(column, value, state):
    found = planned(column, value)
    assert (found.state, found.new) == (state, "")


def test_an_empty_cell_is_nothing():
    assert plan_values(TOTP, [("row", None)], job(), True) == []


def test_an_envelope_is_decrypted_whatever_its_number():
    """The version of the target may once have been another secret, and a version may no longer be known."""
    assert planned(TOTP, bare(secret=A, version=2)).state == "reencrypted"
    assert planned(TOTP, bare(secret=A, version=77)).state == "reencrypted"
    assert planned(TOTP, bare(secret=B)).state == "reencrypted"  # the right secret in another form


def test_out_of_scope_is_counted_only():
    assert planned(TOTP, bare(), writes=False).state == "skipped"
    assert planned(TOTP, bare(secret=B, version=2), writes=False).state == "already_current"


def test_nothing_secret_is_shown():
    shown = repr(planned(TOTP, bare("hunter2-planted"), TO_B2)) + repr(job()) + repr(TO_B2) + str(TO_B2)
    assert "hunter2" not in shown and A not in shown and B not in shown and bare("hunter2-planted") not in shown


def test_what_does_not_decrypt_to_the_same_is_not_sent(monkeypatch):
    monkeypatch.setattr(plan, "encrypt", lambda text, secret, nonce, version: encrypt("something else", secret, nonce, version))
    with pytest.raises(RunbookError, match=r"twoFactor.secret of row row: .* does not decrypt to the same"):
        planned(TOTP, bare())
