# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Steps of a rotation on a Secret in memory: what is written, concurrent writers, and what is refused before anything is written."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation import observe as rotation_observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation import versions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.apply import write_step
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.options import RotationOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.report import stage_and_versions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.secrets import ROTATION
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from auth_rotation_data import A, B
from fake_cluster import FakeCluster

FRONTEND = "Deployment/frontend"
OPTIONS = RotationOptions("default", "frontend-secrets", "secret", "secrets", "secret-former", [{"workload": FRONTEND, "container": None}])


def encoded(**texts: str) -> dict:
    return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


def taking(**keys: str) -> dict:
    """A Deployment whose container takes variables from keys of the Secret."""
    env = [{"name": name, "valueFrom": {"secretKeyRef": {"name": "frontend-secrets", "key": key}}} for name, key in keys.items()]
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": env}]}}}}


@pytest.fixture
def cluster(monkeypatch) -> FakeCluster:
    """An idle Secret, a frontend that takes both variables and whose release supports versions, and pods that run with A."""
    fake = FakeCluster()
    fake.put("Secret", "frontend-secrets", {"data": encoded(secret=A, other="unchanged")})
    fake.put("Deployment", "frontend", taking(BETTER_AUTH_SECRET="secret", BETTER_AUTH_SECRETS="secrets"))
    monkeypatch.setattr(versions, "execute", lambda *_where, **_options: Execution(0, b"known\n", b""))
    runs_with(monkeypatch, SigningSecrets(A))
    return fake


def runs_with(monkeypatch, *secrets: SigningSecrets) -> None:
    found = [AuthServer(FRONTEND, f"pod-{number}", "app", one) for number, one in enumerate(secrets)]
    monkeypatch.setattr(rotation_observe, "running_auth_servers", lambda *_where: found)


def stored(cluster: FakeCluster) -> dict[str, str]:
    data = cluster.get("Secret", "frontend-secrets", "default")["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items() if value is not None}


def step(cluster: FakeCluster, name: str, options: RotationOptions = OPTIONS, check: bool = False):
    return write_step(cluster, options, name, lambda length: B, lambda _values: None, check)


def test_a_whole_rotation(cluster, monkeypatch):
    before, after, changed = step(cluster, "add")
    assert changed and (before.secret.stage, after.secret.stage, after.restart_required) == ("idle", "added", [FRONTEND])
    assert stored(cluster) == {"secret": A, "secrets": f"1:{A},2:{B}", "other": "unchanged"}
    assert ROTATION in cluster.get("Secret", "frontend-secrets", "default")["metadata"]["annotations"]
    with pytest.raises(RunbookError, match="restart comes before promote"):
        step(cluster, "promote")
    runs_with(monkeypatch, SigningSecrets(A, {1: A, 2: B}))
    step(cluster, "promote")
    assert observe(cluster, OPTIONS, lambda _values: None).restart_required == [FRONTEND], "they decrypt the same, and encrypt with the old one"
    runs_with(monkeypatch, SigningSecrets(A, {2: B, 1: A}))
    step(cluster, "remove_old")
    assert stored(cluster) == {"secret": B, "secrets": f"2:{B}", "other": "unchanged"}
    with pytest.raises(RunbookError, match="restart comes before finish"):
        step(cluster, "finish")
    runs_with(monkeypatch, SigningSecrets(B, {2: B}))
    _before, after, _changed = step(cluster, "finish")
    assert after.secret.stage == "idle" and stored(cluster) == {"secret": B, "secrets": f"2:{B}", "other": "unchanged"}


def test_a_step_again_changes_nothing(cluster):
    step(cluster, "add")
    writes = len(cluster.writes)
    _before, after, changed = step(cluster, "add")
    assert not changed and after.secret.stage == "added" and len(cluster.writes) == writes


def test_check_mode_writes_nothing(cluster):
    _before, after, changed = step(cluster, "add", check=True)
    assert changed and stage_and_versions(after) == {"stage": "added", "versions": [1, 2]} and stored(cluster) == {"secret": A, "other": "unchanged"}


def test_a_concurrent_write_is_not_overwritten(cluster, monkeypatch):
    """Another client changes the secret between read and write: it is read again, and then the auth servers do not run with it."""

    def other_writer(*_what) -> None:
        cluster.before_write = None
        cluster.put("Secret", "frontend-secrets", {"data": encoded(secret="changed by somebody else, of 32 letters")})

    cluster.before_write = other_writer
    with pytest.raises(RunbookError, match="uses a different secret than the one that is stored"):
        step(cluster, "add")
    assert stored(cluster) == {"secret": "changed by somebody else, of 32 letters"}


def test_a_rotation_does_not_start_where_the_servers_use_another_secret(cluster, monkeypatch):
    for secrets in ([SigningSecrets(B)], [SigningSecrets(A), SigningSecrets(B)]):
        runs_with(monkeypatch, *secrets)
        with pytest.raises(RunbookError, match="Run recover_auth.yml first"):
            step(cluster, "add")
    assert cluster.writes == []


@pytest.mark.parametrize(("keys", "answer", "reason"), [
    ({"BETTER_AUTH_SECRET": "secret"}, b"known", "does not take BETTER_AUTH_SECRETS from the key secrets"),
    ({"BETTER_AUTH_SECRET": "secret", "BETTER_AUTH_SECRETS": "secrets"}, b"not known", "does not support BETTER_AUTH_SECRETS"),
])  # fmt: skip
def test_without_versions_only_where_that_is_accepted(cluster, monkeypatch, keys, answer, reason):
    cluster.put("Deployment", "frontend", taking(**keys))
    monkeypatch.setattr(versions, "execute", lambda *_where, **_options: Execution(0, answer, b""))
    with pytest.raises(RunbookError, match=f"{reason}.*accept_interruption: true"):
        observe(cluster, OPTIONS, lambda _values: None)
    accepting = replace(OPTIONS, accept_interruption=True)
    step(cluster, "replace", accepting)
    assert stored(cluster) == {"secret": B, "secret-former": A, "other": "unchanged"}
    runs_with(monkeypatch, SigningSecrets(B))
    step(cluster, "finish", OPTIONS)
    assert stored(cluster) == {"secret": B, "other": "unchanged"}


def test_a_container_that_can_not_be_searched_needs_the_option(cluster, monkeypatch):
    monkeypatch.setattr(versions, "execute", lambda *_where, **_options: Execution(None, b"", b""))
    with pytest.raises(RunbookError, match="has no node to search its files with.*option versioned"):
        observe(cluster, OPTIONS, lambda _values: None)
    assert observe(cluster, replace(OPTIONS, versioned=True), lambda _values: None).unversioned_reason == ""
    with pytest.raises(RunbookError, match="The option versioned is false"):
        observe(cluster, replace(OPTIONS, versioned=False), lambda _values: None)


def test_a_secret_that_the_application_does_not_take(cluster):
    cluster.put("Deployment", "frontend", taking(BETTER_AUTH_SECRET="another-key"))
    with pytest.raises(RunbookError, match="does not take BETTER_AUTH_SECRET from the key secret of"):
        observe(cluster, OPTIONS, lambda _values: None)


@pytest.mark.parametrize(("body", "message"), [
    ({"data": encoded(other="x")}, "no value in the key secret"),
    ({"data": encoded(secret=A), "immutable": True}, "is immutable"),
    ({"data": encoded(secret=A), "metadata": {"annotations": {"meta.helm.sh/release-name": "todo"}}}, "managed by Helm"),
    ({"data": {"secret": base64.b64encode(b"\xff\xfe").decode()}}, "is not valid UTF-8"),
    ({"data": encoded(secret=A, secrets="no list")}, "is not <version>:<secret>"),
    ({"data": encoded(secret=A), "metadata": {"annotations": {ROTATION: "has not ended"}}}, "no value in the key secret-former, .*frontend-secrets-former"),
])  # fmt: skip
def test_secrets_that_can_not_be_rotated(cluster, body, message):
    cluster.put("Secret", "frontend-secrets", body)
    with pytest.raises(RunbookError, match=message):
        step(cluster, "add")
    assert cluster.writes == []


def test_missing_permissions_are_named(cluster):
    cluster.forbidden = {("patch", "Secret")}
    with pytest.raises(RunbookError) as refused:
        step(cluster, "add", check=True)
    assert refused.value.facts == {"missing_permissions": ["patch secrets/frontend-secrets", "patch secrets/frontend-secrets-former"]}
    cluster.forbidden = {("get", "Secret")}
    with pytest.raises(RunbookError) as refused:
        step(cluster, "add")
    assert refused.value.facts == {"missing_permissions": ["get secrets/frontend-secrets"]}
