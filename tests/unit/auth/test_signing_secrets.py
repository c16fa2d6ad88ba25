# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two variables that hold Better Auth's secrets."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets, parse_secrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("2:newest,1:older", {2: "newest", 1: "older"}),
        (" 2:newest , 1: older ", {2: "newest", 1: "older"}),
        ("0:with:colons", {0: "with:colons"}),
    ],
)
def test_versions_in_their_order(text, versions):
    found = parse_secrets("single", text, "w")
    assert (found.single, found.versions) == ("single", versions)
    assert list(found.versions) == list(versions)
    assert found.current_version == next(iter(versions))


def test_without_versions_new_data_has_none():
    assert parse_secrets("single", "", "w").current_version is None
    assert parse_secrets("single", None, "w").versions == {}


@pytest.mark.parametrize("text", ["hunter2-planted", "x:hunter2-planted", "1:hunter2-planted,", "1:", "-1:hunter2-planted", "1:a,1:hunter2-planted"])
def test_what_better_auth_refuses_is_refused_without_showing_it(text):
    with pytest.raises(RunbookError, match="^w: ") as refused:
        parse_secrets(None, text, "w")
    assert "hunter2" not in str(refused.value)


def test_no_secret_at_all():
    with pytest.raises(RunbookError, match="neither"):
        parse_secrets("", None, "w")


def test_nothing_is_shown():
    assert "hunter2" not in repr(SigningSecrets("hunter2", {1: "hunter2"}))
    assert SigningSecrets("a", {1: "b", 2: "a"}).values == {"a", "b"}
