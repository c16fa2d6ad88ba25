# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Steps of a rotation on a Secret in memory: what is written, by whom else, and what is refused before anything is."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation import run, versions
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.run import MARK, advance, look
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.wish import Wish
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from auth_rotation_data import A, B
from fake_cluster import FakeCluster

FRONTEND = "Deployment/frontend"
WISH = Wish("default", "frontend-secrets", "secret", "secrets", "secret-former", [{"workload": FRONTEND, "container": None}])


def encoded(**texts: str) -> dict:
    return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


def taking(**keys: str) -> dict:
    """A Deployment whose container takes variables from keys of the Secret."""
    env = [{"name": name, "valueFrom": {"secretKeyRef": {"name": "frontend-secrets", "key": key}}} for name, key in keys.items()]
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": env}]}}}}


@pytest.fixture
def cluster(monkeypatch) -> FakeCluster:
    """A Secret at rest, a frontend that takes both variables and whose release knows versions, and pods that run with A."""
    fake = FakeCluster()
    fake.put("Secret", "frontend-secrets", {"data": encoded(secret=A, other="kept")})
    fake.put("Deployment", "frontend", taking(BETTER_AUTH_SECRET="secret", BETTER_AUTH_SECRETS="secrets"))
    monkeypatch.setattr(versions, "execute", lambda *_where, **_options: Execution(0, b"known\n", b""))
    runs_with(monkeypatch, SigningSecrets(A))
    return fake


def runs_with(monkeypatch, *secrets: SigningSecrets) -> None:
    found = [Signer(FRONTEND, f"pod-{number}", "app", one) for number, one in enumerate(secrets)]
    monkeypatch.setattr(run, "running_signers", lambda *_where: found)


def stored(cluster: FakeCluster) -> dict[str, str]:
    data = cluster.get("Secret", "frontend-secrets", "default")["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items() if value is not None}


def step(cluster: FakeCluster, name: str, wish: Wish = WISH, check: bool = False):
    return advance(cluster, wish, name, lambda length: B, lambda _values: None, check)


def test_a_whole_rotation(cluster, monkeypatch):
    before, after, changed = step(cluster, "adopt")
    assert changed and (before.held.stage, after.held.stage, after.stale) == ("rest", "adopted", [FRONTEND])
    assert stored(cluster) == {"secret": A, "secrets": f"1:{A},2:{B}", "other": "kept"}
    assert MARK in cluster.get("Secret", "frontend-secrets", "default")["metadata"]["annotations"]
    with pytest.raises(RunbookError, match="restart comes before switch"):
        step(cluster, "switch")
    runs_with(monkeypatch, SigningSecrets(A, {1: A, 2: B}))
    step(cluster, "switch")
    assert look(cluster, WISH, lambda _values: None).stale == [FRONTEND], "they read the same, and write with the old one"
    runs_with(monkeypatch, SigningSecrets(A, {2: B, 1: A}))
    step(cluster, "drop")
    assert stored(cluster) == {"secret": B, "secrets": f"2:{B}", "other": "kept"}
    with pytest.raises(RunbookError, match="have to be restarted before finish"):
        step(cluster, "finish")
    runs_with(monkeypatch, SigningSecrets(B, {2: B}))
    _before, after, _changed = step(cluster, "finish")
    assert after.held.stage == "rest" and stored(cluster) == {"secret": B, "secrets": f"2:{B}", "other": "kept"}


def test_a_step_again_changes_nothing(cluster):
    step(cluster, "adopt")
    writes = len(cluster.writes)
    _before, after, changed = step(cluster, "adopt")
    assert not changed and after.held.stage == "adopted" and len(cluster.writes) == writes


def test_check_mode_writes_nothing(cluster):
    _before, after, changed = step(cluster, "adopt", check=True)
    assert changed and after.diff() == {"stage": "adopted", "versions": [1, 2]} and stored(cluster) == {"secret": A, "other": "kept"}


def test_another_writer_is_not_written_over(cluster, monkeypatch):
    """Somebody changes the secret between look and write: it is looked at again, and then the signers do not run with it."""

    def other_writer(*_what) -> None:
        cluster.before_write = None
        cluster.put("Secret", "frontend-secrets", {"data": encoded(secret="changed by somebody else, of 32 letters")})

    cluster.before_write = other_writer
    with pytest.raises(RunbookError, match="runs with another secret than the one that is stored"):
        step(cluster, "adopt")
    assert stored(cluster) == {"secret": "changed by somebody else, of 32 letters"}


def test_nothing_begins_where_the_signers_are_not_as_the_secret_says(cluster, monkeypatch):
    for secrets in ([SigningSecrets(B)], [SigningSecrets(A), SigningSecrets(B)]):
        runs_with(monkeypatch, *secrets)
        with pytest.raises(RunbookError, match="recover_auth.yml first"):
            step(cluster, "adopt")
    assert cluster.writes == []


@pytest.mark.parametrize(("keys", "answer", "reason"), [
    ({"BETTER_AUTH_SECRET": "secret"}, b"known", "does not take BETTER_AUTH_SECRETS from the key secrets"),
    ({"BETTER_AUTH_SECRET": "secret", "BETTER_AUTH_SECRETS": "secrets"}, b"not known", "does not know BETTER_AUTH_SECRETS"),
])  # fmt: skip
def test_without_versions_only_where_that_is_accepted(cluster, monkeypatch, keys, answer, reason):
    cluster.put("Deployment", "frontend", taking(**keys))
    monkeypatch.setattr(versions, "execute", lambda *_where, **_options: Execution(0, answer, b""))
    with pytest.raises(RunbookError, match=f"{reason}.*accept_interruption: true"):
        look(cluster, WISH, lambda _values: None)
    accepting = Wish(**{**vars(WISH), "accept_interruption": True})
    step(cluster, "replace", accepting)
    assert stored(cluster) == {"secret": B, "secret-former": A, "other": "kept"}
    runs_with(monkeypatch, SigningSecrets(B))
    step(cluster, "finish", WISH)
    assert stored(cluster) == {"secret": B, "other": "kept"}


def test_a_container_that_can_not_be_looked_into_asks_a_person(cluster, monkeypatch):
    monkeypatch.setattr(versions, "execute", lambda *_where, **_options: Execution(None, b"", b""))
    with pytest.raises(RunbookError, match="has no node to look with.*option versioned"):
        look(cluster, WISH, lambda _values: None)
    assert look(cluster, Wish(**{**vars(WISH), "versioned": True}), lambda _values: None).without == ""
    with pytest.raises(RunbookError, match="The option versioned is false"):
        look(cluster, Wish(**{**vars(WISH), "versioned": False}), lambda _values: None)


def test_a_secret_that_the_application_does_not_take(cluster):
    cluster.put("Deployment", "frontend", taking(BETTER_AUTH_SECRET="another-key"))
    with pytest.raises(RunbookError, match="does not take BETTER_AUTH_SECRET from the key secret of"):
        look(cluster, WISH, lambda _values: None)


@pytest.mark.parametrize(("body", "message"), [
    ({"data": encoded(other="x")}, "no value in the key secret"),
    ({"data": encoded(secret=A), "immutable": True}, "is immutable"),
    ({"data": encoded(secret=A), "metadata": {"annotations": {"meta.helm.sh/release-name": "todo"}}}, "managed by Helm"),
    ({"data": {"secret": base64.b64encode(b"\xff\xfe").decode()}}, "holds no text"),
    ({"data": encoded(secret=A, secrets="no list")}, "is not <version>:<secret>"),
])  # fmt: skip
def test_secrets_that_can_not_be_rotated(cluster, body, message):
    cluster.put("Secret", "frontend-secrets", body)
    with pytest.raises(RunbookError, match=message):
        step(cluster, "adopt")
    assert cluster.writes == []


def test_missing_permissions_are_named(cluster):
    cluster.forbidden = {("patch", "Secret")}
    with pytest.raises(RunbookError) as refused:
        step(cluster, "adopt", check=True)
    assert refused.value.facts == {"missing_permissions": ["patch secrets/frontend-secrets"]}
    cluster.forbidden = {("get", "Secret")}
    with pytest.raises(RunbookError) as refused:
        step(cluster, "adopt")
    assert refused.value.facts == {"missing_permissions": ["get secrets/frontend-secrets"]}
