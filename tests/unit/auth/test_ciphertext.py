# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The forms in which Better Auth encrypts, by what real ones have written (vectors/make.mjs)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth import ciphertext
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.ciphertext import (
    decrypt_private_key,
    decrypt_text,
    encrypt,
    parse_ciphertext,
    require_nacl,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets, parse_secrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

VECTORS = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "vectors").glob("*.json"))}
KEYS = [(release, name) for release, vectors in VECTORS.items() for name in vectors["keys"]]
NONCE = bytes(range(24))


def secrets(release, single=None, versioned=None):
    """The secrets A and B of the vectors, as the two variables hold them: "A", or "2:B,1:A"."""
    known = VECTORS[release]["secrets"]
    entries = (versioned or "").split(",") if versioned else []
    text = ",".join(f"{version}:{known[name]}" for version, name in (entry.split(":") for entry in entries))
    return parse_secrets(known.get(single), text, "test")


def test_both_releases_are_there():
    assert [vectors["version"] for vectors in VECTORS.values()] == ["1.3.34", "1.7.25"]


@pytest.mark.parametrize(("release", "name"), KEYS)
def test_the_secret_of_its_maker_decrypts_it(release, name):
    row = VECTORS[release]["keys"][name]
    result = decrypt_private_key(row["privateKey"], secrets(release, **row["made_with"]))
    assert result.state == ("unencrypted" if name == "unencrypted" else "readable")
    assert result.version == {"envelope": 1, "envelope_second": 2}.get(name)
    public, private = json.loads(row["publicKey"]), json.loads(result.text)
    assert {key: private[key] for key in public} == public
    assert private["d"] not in repr(result)


@pytest.mark.parametrize(("release", "name"), [key for key in KEYS if key[1] != "unencrypted"])
def test_another_secret_decrypts_nothing(release, name):
    row = VECTORS[release]["keys"][name]
    wrong = SigningSecrets("another secret", {1: "another secret", 2: "another secret"})
    result = decrypt_private_key(row["privateKey"], wrong)
    assert (result.state, result.reason, result.text) == ("unreadable", "it was encrypted with a different secret", None)


def test_a_version_that_is_gone_and_a_bare_row_without_the_single_secret():
    keys = VECTORS["better-auth-1.7.25"]["keys"]
    only_new = secrets("better-auth-1.7.25", versioned="2:B")
    assert decrypt_private_key(keys["envelope"]["privateKey"], only_new).reason == "BETTER_AUTH_SECRETS has no version 1"
    assert decrypt_private_key(keys["bare"]["privateKey"], only_new).reason == "BETTER_AUTH_SECRET is not set"
    assert decrypt_private_key(keys["envelope_second"]["privateKey"], only_new).state == "readable"
    only_old = secrets("better-auth-1.7.25", single="B")
    assert decrypt_private_key(keys["envelope_second"]["privateKey"], only_old).state == "unreadable"


@pytest.mark.parametrize(("release", "name"), [(release, name) for release, vectors in VECTORS.items() for name in vectors["texts"]])
def test_texts_have_no_json_around_them(release, name):
    result = decrypt_text(VECTORS[release]["texts"][name], secrets(release, "A", "2:B"))
    assert (result.state, result.text) == ("readable", "JBSWY3DPEHPK3PXP")


BARE = VECTORS["better-auth-1.7.25"]["keys"]["bare"]["privateKey"]


@pytest.mark.parametrize(
    ("stored", "state"),
    [
        ("", "malformed"),
        ("not json", "malformed"),
        ("null", "malformed"),
        ("[1]", "malformed"),
        ('{"kty": "OKP"}', "malformed"),
        ('""', "malformed"),
        ('"zz"', "malformed"),
        ('"abc"', "malformed"),
        ('"$ba$x$00"', "malformed"),
        ('"$ba$1$"', "malformed"),
        (json.dumps("00" * 39), "malformed"),
        (BARE[1:-1], "malformed"),
        (BARE[:-3] + '"', "unreadable"),
        (BARE[:100] + ("0" if BARE[100] != "0" else "1") + BARE[101:], "unreadable"),
        (json.dumps(encrypt("no key", VECTORS["better-auth-1.7.25"]["secrets"]["A"], NONCE)), "malformed"),
        (json.dumps(encrypt('{"kty": "OKP", "x": "x"}', VECTORS["better-auth-1.7.25"]["secrets"]["A"], NONCE)), "malformed"),
    ],
)
def test_damaged_rows(stored, state):
    result = decrypt_private_key(stored, secrets("better-auth-1.7.25", "A"))
    assert result.state == state
    assert result.reason


@pytest.mark.parametrize(("version", "form"), [(None, "bare"), (0, "envelope"), (12, "envelope")])
def test_encrypted_and_decrypted(version, form):
    stored = encrypt("text ü", "secret", NONCE, version)
    assert parse_ciphertext(stored).form == form
    result = decrypt_text(stored, SigningSecrets("secret", {0: "secret", 12: "secret"}))
    assert (result.form, result.version, result.text) == (form, version, "text ü")


def test_without_the_library(monkeypatch):
    require_nacl()
    monkeypatch.setattr(ciphertext, "NACL_MISSING", True)
    with pytest.raises(RunbookError, match="pip install .*PyNaCl"):
        require_nacl()
