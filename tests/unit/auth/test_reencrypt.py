# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of one value that is brought under another secret."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth import reencrypt
from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import read_private_key, read_text, seal
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt import KEYS, planned
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_target import Target
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from reencrypt_data import TO_B2, TO_BARE_A, TO_BARE_B, TOKEN, TOTP, VECTORS, A, B, bare, work


def verdict(place, value, target=TO_B2, *secrets, writes=True):
    (found,) = planned(place, [("row", value)], work(target, *secrets), writes)
    return found


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, vectors in VECTORS.items() for name in vectors["keys"]])
@pytest.mark.parametrize("target", [TO_B2, TO_BARE_B, TO_BARE_A, Target(A, 1)], ids=str)
def test_keys_of_real_ones(release, name, target):
    stored = VECTORS[release]["keys"][name]["privateKey"]
    found = verdict(KEYS, stored, target)
    before = read_private_key(stored, SigningSecrets(B if name == "bare_unicode" else A, {1: A, 2: B}))
    here = target.secrets
    if name == "unencrypted":
        assert (found.state, found.new) == ("plain", "")
    elif read_private_key(stored, here).state == "readable":
        assert (found.state, found.new) == ("already", "")
    else:
        assert (found.state, found.old) == ("reencrypted", stored)
        assert found.new.startswith('"') and found.new.endswith('"')
        assert read_private_key(found.new, here).text == before.text
        assert verdict(KEYS, found.new, target).state == "already"


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, vectors in VECTORS.items() for name in vectors["texts"]])
def test_other_data_of_real_ones_has_no_quotes(release, name):
    found = verdict(TOTP, VECTORS[release]["texts"][name], Target(A, 3))
    assert re.fullmatch(r"\$ba\$3\$[0-9a-f]+", found.new)
    assert read_text(found.new, SigningSecrets(None, {3: A})).text == "JBSWY3DPEHPK3PXP"
    assert re.fullmatch(r"[0-9a-f]+", verdict(TOTP, VECTORS[release]["texts"][name], Target("another")).new)


@pytest.mark.parametrize(
    ("place", "value", "state"),
    [
        (TOTP, bare(secret="nobody's"), "unreadable"),
        (TOTP, bare(secret="nobody's", version=2), "unreadable"),
        (TOTP, "no hex", "malformed"),
        (TOTP, "", "malformed"),
        (TOTP, "abcd", "malformed"),
        (TOKEN, "ya29.a-token-of-somebody", "plain"),
        (TOKEN, "", "plain"),
        (TOKEN, "ab" * 60, "unreadable"),  # a token that looks encrypted is not touched either
        (KEYS, bare(), "malformed"),  # no JSON
        (KEYS, json.dumps(bare("no key")), "malformed"),
        (KEYS, '{"kty": "OKP"}', "malformed"),
        (KEYS, '{"kty": "OKP", "d": "x"}', "plain"),
    ],
)
def test_what_is_left_as_it_is(place, value, state):
    found = verdict(place, value)
    assert (found.state, found.new) == (state, "")


def test_an_empty_cell_is_nothing():
    assert planned(TOTP, [("row", None)], work(), True) == []


def test_an_envelope_is_read_whatever_its_number():
    """The version of the target may once have been another secret, and a version may be known no more."""
    assert verdict(TOTP, bare(secret=A, version=2)).state == "reencrypted"
    assert verdict(TOTP, bare(secret=A, version=77)).state == "reencrypted"
    assert verdict(TOTP, bare(secret=B)).state == "reencrypted"  # the right secret in another form


def test_out_of_scope_is_counted_only():
    assert verdict(TOTP, bare(), writes=False).state == "left"
    assert verdict(TOTP, bare(secret=B, version=2), writes=False).state == "already"


def test_nothing_secret_is_shown():
    shown = repr(verdict(TOTP, bare("hunter2-planted"), TO_B2)) + repr(work()) + repr(TO_B2) + str(TO_B2)
    assert "hunter2" not in shown and A not in shown and B not in shown and bare("hunter2-planted") not in shown


def test_what_does_not_decrypt_to_the_same_is_not_sent(monkeypatch):
    monkeypatch.setattr(reencrypt, "seal", lambda text, secret, nonce, version: seal("something else", secret, nonce, version))
    with pytest.raises(RunbookError, match=r"twoFactor.secret of row row: .* does not decrypt to the same"):
        verdict(TOTP, bare())
