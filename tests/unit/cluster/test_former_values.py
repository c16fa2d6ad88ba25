# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The values that are kept before they are overwritten or removed."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.former import (
    MAX_BYTES,
    former_name,
    keep_former_values,
    plan_former_values,
    read_former_values,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.secrets import stored_secret, write_obstacle
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_cluster import FakeCluster

LABELS = {"app.kubernetes.io/managed-by": "runbook.minikube", "runbook.minikube/former-values": "true"}


def keep(cluster, check=False, **values):
    return [str(one) for one in keep_former_values(cluster, "default", "api", {key: text.encode() for key, text in values.items()}, check)]


def kept(cluster, name="api-former"):
    return {key: base64.b64decode(value).decode() for key, value in cluster.objects["Secret", "default", name].get("data", {}).items()}


def existing(cluster, **secret):
    cluster.put("Secret", "api-former", {"metadata": {"labels": LABELS}, **secret})


def test_each_value_is_kept_once_and_none_is_overwritten():
    cluster = FakeCluster()
    assert keep(cluster, token="first", other="x") == ["api-former/other.1", "api-former/token.1"]
    assert keep(cluster, token="second") == ["api-former/token.2"]
    assert keep(cluster, token="first", other="y") == ["api-former/other.3", "api-former/token.1"]
    assert kept(cluster) == {"token.1": "first", "token.2": "second", "other.1": "x", "other.3": "y"}
    metadata = cluster.objects["Secret", "default", "api-former"]["metadata"]
    assert metadata["labels"] == LABELS
    assert metadata["annotations"]["runbook.minikube/former-values-of"] == "api"


def test_a_value_that_is_kept_already_needs_no_write():
    cluster = FakeCluster()
    keep(cluster, token="first")
    written = list(cluster.writes)
    cluster.forbidden = {("patch", "Secret"), ("create", "Secret")}
    assert keep(cluster, token="first", empty="") == ["api-former/token.1"]
    assert cluster.writes == written


def test_a_generation_is_not_used_again_where_its_value_was_removed():
    cluster = FakeCluster()
    keep(cluster, token="first")
    keep(cluster, token="second")
    del cluster.objects["Secret", "default", "api-former"]["data"]["token.2"]
    assert keep(cluster, token="third") == ["api-former/token.3"]


def test_check_mode_names_the_same_key_and_writes_nothing():
    cluster = FakeCluster()
    assert keep(cluster, check=True, token="first") == ["api-former/token.1"]
    assert cluster.writes == []
    assert keep(cluster, token="first") == ["api-former/token.1"]


def test_the_former_values_of_a_key_newest_first():
    cluster = FakeCluster()
    for number in range(11):
        keep(cluster, **{"a": f"value {number}", "a.1": f"other {number}"})
    values = read_former_values(cluster, "default", "api").values_of("a")
    assert list(values)[:3] == ["a.11", "a.10", "a.9"]
    assert len(values) == 11
    assert values["a.11"] == b"value 10"
    assert read_former_values(cluster, "default", "another").values_of("a") == {}


def test_several_values_of_a_key_are_kept_at_once():
    cluster = FakeCluster()
    pairs = [("token", b"stored"), ("other", b"x"), ("token", b"of a container"), ("token", b"stored")]
    places = ["api-former/other.1", "api-former/token.1", "api-former/token.2", "api-former/token.1"]
    for check in (True, False, True):
        assert sorted(str(one) for one in keep_former_values(cluster, "default", "api", pairs, check)) == sorted(places)
    assert keep(cluster, token="third") == ["api-former/token.3"]


def test_another_client_writes_in_between():
    cluster = FakeCluster()
    keep(cluster, token="first")
    cluster.before_write = lambda *_what: keep(cluster, token="theirs")
    assert keep(cluster, token="mine") == ["api-former/token.3"]
    assert kept(cluster) == {"token.1": "first", "token.2": "theirs", "token.3": "mine"}


def test_another_client_creates_it_first():
    cluster = FakeCluster()
    cluster.before_write = lambda *_what: keep(cluster, token="theirs")
    assert keep(cluster, token="mine") == ["api-former/token.2"]


@pytest.mark.parametrize("verb", ["get", "create", "patch"])
def test_a_missing_permission_is_named_and_nothing_is_written(verb):
    cluster = FakeCluster(forbidden={(verb, "Secret")})
    with pytest.raises(RunbookError, match=rf"Not allowed to {verb} secrets") as refused:
        keep(cluster, check=True, token="first")
    assert refused.value.facts["missing_permissions"] == ["create secrets" if verb == "create" else f"{verb} secrets/api-former"]
    assert cluster.writes == []


def test_a_write_that_the_api_server_refuses():
    cluster = FakeCluster()

    def refuse(*_arguments, **_options):
        raise ApiError("exceeded quota: secrets", 403, "Forbidden")

    cluster.create = refuse
    with pytest.raises(RunbookError, match="Secret api that would be overwritten could not be kept: exceeded quota"):
        keep(cluster, token="first")


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ({"metadata": {}}, "for something else"),
        ({"immutable": True}, "it is immutable"),
        ({"metadata": {"labels": LABELS, "deletionTimestamp": "2026-01-01T00:00:00Z"}}, "being deleted"),
    ],
)
def test_a_secret_of_that_name_that_can_not_be_written(secret, reason):
    cluster = FakeCluster()
    existing(cluster, **secret)
    with pytest.raises(RunbookError, match=reason) as refused:
        keep(cluster, token="the-value")
    assert "the-value" not in str(refused.value)
    assert cluster.writes == []


def test_a_secret_with_former_values_is_never_overwritten():
    cluster = FakeCluster()
    keep(cluster, token="first")
    stored = stored_secret(cluster.objects["Secret", "default", "api-former"])
    assert "never overwritten" in write_obstacle(stored)
    assert write_obstacle(stored, former_values=True) is None


def test_the_largest_secret_fits_once_and_no_more_is_kept_than_fits():
    cluster = FakeCluster()
    keep(cluster, token="x" * MAX_BYTES)
    with pytest.raises(RunbookError, match="no room"):
        keep(cluster, check=True, token="y")
    assert keep(cluster, token="x" * MAX_BYTES) == ["api-former/token.1"]


def test_the_longest_names():
    longest = "a" * 246
    assert former_name(longest) == f"{longest}-former"
    names = {former_name("a" * 247), former_name("a" * 253), former_name("a" * 234 + "." + "b" * 18)}
    assert len(names) == 3
    assert all(len(name) <= 253 and name.endswith("-former") and ".-" not in name for name in names)


def test_the_longest_keys():
    former = read_former_values(FakeCluster(), "default", "api")
    keys = ["k" * 240, "k" * 241, "k" * 253]
    plan = plan_former_values(former, [(key, key.encode()) for key in keys], "default")
    assert len(plan.data) == 3
    assert all(len(key) <= 253 for key in plan.data)
    assert plan.data[f"{'k' * 240}.1"] == b"k" * 240


def test_a_long_key_is_found_again():
    cluster = FakeCluster()
    for text in ("one", "two", "one"):
        keep(cluster, **{"k" * 253: text})
    assert list(read_former_values(cluster, "default", "api").values_of("k" * 253).values()) == [b"two", b"one"]
