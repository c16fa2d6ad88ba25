# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A token's signature is verified, for every algorithm of Better Auth, and nothing else passes for one."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.token import require_signature, token_in
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from signed_tokens import ID, edwards_key, key_for, key_set, signed, text_of

URL = "http://app.test/api/auth/jwks"


def check(token: str, keys) -> None:
    require_signature(token, json.dumps(keys).encode(), URL)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "ES512", "PS256", "RS256"])
def test_the_algorithms_of_better_auth(algorithm):
    key = key_for(algorithm)
    token = signed(key, algorithm)
    check(token, key_set(key, algorithm))
    other = key_for(algorithm)
    with pytest.raises(RunbookError, match="signature does not fit the key") as failed:
        check(signed(other, algorithm), key_set(key, algorithm))
    assert token not in str(failed.value)


def test_a_token_whose_claims_were_changed():
    key = edwards_key()
    header, _claims, signature = signed(key, "EdDSA").split(".")
    claims = text_of(json.dumps({"sub": "2"}).encode())
    with pytest.raises(RunbookError, match="does not fit"):
        check(f"{header}.{claims}.{signature}", key_set(key, "EdDSA"))


@pytest.mark.parametrize("keys", [{}, {"keys": None}, []])
def test_a_response_that_is_no_key_set(keys):
    with pytest.raises(RunbookError, match="answers with no key set"):
        check(signed(edwards_key(), "EdDSA"), keys)


@pytest.mark.parametrize("public", [{}, {"crv": "P-999", "x": "AA"}, {"crv": "Ed25519", "x": "*"}, {"crv": "Ed25519", "x": 1}])
def test_a_key_that_is_none(public):
    with pytest.raises(RunbookError, match="does not fit"):
        check(signed(edwards_key(), "EdDSA"), {"keys": [{"kid": ID, **public}]})


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_an_algorithm_without_a_public_key(algorithm):
    key = edwards_key()
    token = signed(key, "EdDSA").split(".")
    header = text_of(json.dumps({"alg": algorithm, "kid": ID}).encode())
    with pytest.raises(RunbookError, match="an algorithm that is not known"):
        check(".".join([header, *token[1:]]), key_set(key, "EdDSA"))


OBJECT = text_of(b"{}")


@pytest.mark.parametrize("token", ["", "one", "a.b", "a.b.c", "*.*.*", f"{text_of(b'[]')}.{OBJECT}.AA", f"{OBJECT}.{text_of(b'1')}.AA", "é.é.é"])
def test_text_that_is_no_token(token):
    with pytest.raises(RunbookError, match="no token"):
        check(token, key_set(edwards_key(), "EdDSA"))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"token": null}', b'{"token": ""}', b'{"token": ["x"]}', b"\xff"])
def test_a_response_without_a_token(body):
    with pytest.raises(RunbookError, match="the response contains no token"):
        token_in(body)
