# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Former values are removed only where no data is encrypted with them."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.forget import (
    ForgottenKeys,
    forget,
    forgotten_result,
    observe_forgotten,
    why_needed,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.search_plan import Elsewhere
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.former import keep_former_values
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.options import Location
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_cluster import FakeCluster

OLD = Location(secret="auth-former", key="secret.1")
DONE = {"blockers": [], "tables": [{"table": "jwks", "column": "privateKey", "reencrypted": 0}], "elsewhere": []}


@pytest.fixture
def cluster():
    cluster = FakeCluster()
    keep_former_values(cluster, "default", "auth", [("secret", b"the first"), ("secret", b"the second"), ("secrets", b"1:the first,2:the second")])
    cluster.writes.clear()
    return cluster


def kept(cluster):
    return set(cluster.objects["Secret", "default", "auth-former"]["data"])


def test_named_values_are_removed_once(cluster):
    for check in (True, False):
        keys = observe_forgotten(cluster, "default", [OLD])
        assert keys.secrets == {"the first"}
        assert forget(cluster, "default", keys, check) == [{"former_secret": "auth-former", "former_key": "secret.1"}]
        assert kept(cluster) == ({"secret.1", "secret.2", "secrets.1"} if check else {"secret.2", "secrets.1"})
    again = observe_forgotten(cluster, "default", [OLD])
    assert forget(cluster, "default", again, False) == [] and len(cluster.writes) == 1


def test_generations_are_not_reused_after_removal(cluster):
    both = [OLD, Location(secret="auth-former", key="secret.2")]
    forget(cluster, "default", observe_forgotten(cluster, "default", both), False)
    assert [one.former_key for one in keep_former_values(cluster, "default", "auth", {"secret": b"the third"})] == ["secret.3"]


def test_a_list_of_versions_has_all_its_secrets(cluster):
    assert observe_forgotten(cluster, "default", [Location(secret="auth-former", key="secrets.1")]).secrets >= {"the first", "the second"}


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        (Location(secret="auth", key="secret"), r"old_secrets\[0\]: state: forgotten removes only former values, and the Secret auth has none"),
        (Location(workload="Deployment/web", env="A"), r"old_secrets\[0\]: state: forgotten needs secret and key"),
        (Location(secret="auth-former", key="secret.1", check_consumers=True), r"old_secrets\[0\]: state: forgotten needs secret and key"),
        (Location(secret="auth-former", key="secret.1", namespace="other"), r"old_secrets\[0\]: state: forgotten needs secret and key"),
    ],
)
def test_other_locations_are_refused(cluster, location, problem):
    cluster.put("Secret", "auth", {"data": {"secret": base64.b64encode(b"x").decode()}})
    with pytest.raises(RunbookError, match=problem):
        observe_forgotten(cluster, "default", [location])


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_missing_permissions_are_reported_before_the_database_is_read(cluster, verb):
    cluster.forbidden.add((verb, "Secret"))
    with pytest.raises(RunbookError, match=f"Not allowed to {verb} secrets/auth-former"):
        observe_forgotten(cluster, "default", [OLD])


def test_concurrent_write_removes_nothing(cluster):
    keys = observe_forgotten(cluster, "default", [OLD])
    keep_former_values(cluster, "default", "auth", {"secret": b"another"})
    with pytest.raises(RunbookError, match=r"auth-former in namespace default was changed by another client. Run again. Nothing was changed."):
        forget(cluster, "default", keys, False)
    assert "secret.1" in kept(cluster)


def test_refusal_names_the_reasons_and_removes_nothing(cluster):
    keys = observe_forgotten(cluster, "default", [OLD])
    with pytest.raises(RunbookError, match=r"still needed. The table x was not found. Nothing was changed.") as refused:
        forgotten_result(cluster, "default", keys, {**DONE, "blockers": ["The table x was not found."]}, set(), False)
    assert refused.value.facts["blockers"] and "the first" not in str(refused.value) and cluster.writes == []
    assert forgotten_result(cluster, "default", keys, DONE, {"the second"}, False)["changed"]


@pytest.mark.parametrize(
    ("result", "in_use", "problem"),
    [
        (DONE, set(), None),
        ({**DONE, "blockers": ["The table twoFactor was not found."]}, set(), "The table twoFactor was not found."),
        ({**DONE, "tables": [{"reencrypted": 3}, {"reencrypted": 1}]}, set(), "4 values in known columns are encrypted with an old secret"),
        ({**DONE, "elsewhere": [Elsewhere("public.b", "was", 2, True).report()]}, set(), "The backup public.b has 2 values"),
        (DONE, {"the first"}, "secret.1 of the Secret auth-former is in use"),
    ],
)
def test_values_that_are_needed_are_not_removed(result, in_use, problem):
    problems = why_needed(ForgottenKeys({"auth-former": "1"}, {("auth-former", "secret.1"): frozenset({"the first"})}), result, in_use)
    assert (problem in problems[0]) if problem else problems == []
