# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The signed cookies of Better Auth at the example's backend: which secrets verify one, and which cookies are refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from urllib.parse import quote

import pytest
from load_file import load_file

SOURCE = Path(__file__).resolve().parents[3] / "examples/todo/backend/cookies.py"
cookies = load_file("todo_backend_cookies", SOURCE)


def signed(token: str, secret: str) -> str:
    """A cookie as Better Auth writes it."""
    signature = base64.b64encode(hmac.digest(secret.encode(), token.encode(), hashlib.sha256)).decode()
    return quote(f"{token}.{signature}", safe="")


@pytest.mark.parametrize(("environment", "secrets"), [
    ({"BETTER_AUTH_SECRET": "A"}, ["A"]),
    ({"BETTER_AUTH_SECRET": "A", "BETTER_AUTH_SECRETS": ""}, ["A"]),
    ({"BETTER_AUTH_SECRET": "A", "BETTER_AUTH_SECRETS": "1:A,2:B"}, ["A", "B", "A"]),
    ({"BETTER_AUTH_SECRET": "A", "BETTER_AUTH_SECRETS": " 2 : B:with:colons , 1:A "}, ["B:with:colons", "A", "A"]),
])
def test_secrets_of_the_environment(environment, secrets):
    assert cookies.signing_secrets(environment) == secrets


@pytest.mark.parametrize("listed", ["B", "2:B,", "2:", "x:B", "-1:B"])
def test_a_list_that_better_auth_refuses_is_refused_without_its_values(listed):
    with pytest.raises(ValueError, match=r"BETTER_AUTH_SECRETS, entry \d: expected <version>:<secret>"):
        cookies.signing_secrets({"BETTER_AUTH_SECRET": "A", "BETTER_AUTH_SECRETS": listed})


@pytest.mark.parametrize("secret", ["A", "B", "C"])
def test_each_secret_verifies_its_cookies(secret):
    environment = {"BETTER_AUTH_SECRET": "C", "BETTER_AUTH_SECRETS": "2:B,1:A"}
    assert cookies.session_token(signed("token", secret), cookies.signing_secrets(environment)) == "token"


@pytest.mark.parametrize("cookie", [
    signed("token", "another"),
    "",
    "token",
    "token.",
    "token.f\u00fcr",
    "token.%C3%BC",
    "token.%FF",
    "t\u00f6ken.signature",
])
def test_a_cookie_that_nobody_signed_is_no_session(cookie):
    assert cookies.session_token(cookie, ["A", "B"]) is None
