# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of the secret in a rotation: verifiers accept the new secret before anything signs with it, and no value is lost."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation import consumers, versions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation import observe as rotation_observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.apply import write_step
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.copies import CopyState, SecretCopy, Verifier, required_content
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.options import CopyOptions, RotationOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets, parse_secrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.container_values import ContainerValue
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from auth_rotation_data import ADDED, IDLE, OLD_REMOVED, PROMOTED, REPLACED, A, B
from fake_cluster import FakeCluster

FRONTEND, BACKEND = "Deployment/frontend", "Deployment/backend"
WITH_VERSIONS = CopyOptions("backend-secrets", "secret", "secrets")
SINGLE = CopyOptions("backend-secrets", "secret")
OPTIONS = RotationOptions(
    "default", "frontend-secrets", "secret", "secrets", "secret-previous", [{"workload": FRONTEND, "container": None}], versioned=True
)
BOTH = {"BETTER_AUTH_SECRET": "secret", "BETTER_AUTH_SECRETS": "secrets"}
ONE = {"BETTER_AUTH_SECRET": "secret"}


def encoded(**texts: str) -> dict:
    return {key.replace("_", "-"): base64.b64encode(text.encode()).decode() for key, text in texts.items()}


def spec(secret: str, keys: dict) -> dict:
    env = [{"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, "optional": True}}} for name, key in keys.items()]
    return {"containers": [{"name": "app", "env": env}]}


class Application:
    """A frontend that signs, and a workload that takes the secret from a copy; each runs with what it was last restarted with."""

    def __init__(self, monkeypatch, taken: dict, secret: str = "backend-secrets", kind: str = "Deployment"):
        self.cluster, self.taken, self.secret, self.kind = FakeCluster(), taken, secret, kind
        self.cluster.put("Secret", "frontend-secrets", {"data": encoded(secret=A)})
        self.cluster.put("Secret", "backend-secrets", {"data": encoded(secret=A, other="unchanged")})
        self.cluster.put("Deployment", "frontend", {"spec": {"template": {"spec": spec("frontend-secrets", BOTH)}}})
        status = {"phase": "Running", "containerStatuses": [{"name": "app", "state": {"running": {}}}]}
        owner = [{"kind": "ReplicaSet" if kind == "Deployment" else kind, "name": "backend-5d4f", "controller": True, "uid": "u"}]
        self.cluster.put("Pod", "backend-5d4f-1", {
            "metadata": {"ownerReferences": owner, "labels": {"pod-template-hash": "5d4f"}}, "spec": spec(secret, taken), "status": status,
        })  # fmt: skip
        monkeypatch.setattr(versions, "execute", lambda *_where, **_options: Execution(0, b"known\n", b""))
        monkeypatch.setattr(rotation_observe, "running_auth_servers", lambda *_where: [AuthServer(FRONTEND, "frontend-1", "app", self.signing)])
        monkeypatch.setattr(consumers, "read_values", lambda _cluster, lookups: {one: self._value(one.consumer.path) for one in lookups})
        self.restart()

    def stored(self, name: str) -> dict[str, str]:
        data = (self.cluster.get("Secret", name, "default") or {}).get("data") or {}
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def restart(self, *workloads: str) -> None:
        if FRONTEND in workloads or not workloads:
            own = self.stored("frontend-secrets")
            self.signing = parse_secrets(own["secret"], own.get("secrets"), "")
        if FRONTEND not in workloads or len(workloads) > 1 or not workloads:
            copy = self.stored(self.secret)
            self.running = {name: copy[key].encode() for name, key in self.taken.items() if key in copy}

    def _value(self, variable: str) -> ContainerValue:
        return ContainerValue(self.running.get(variable))

    def step(self, options: RotationOptions, step: str, check: bool = False) -> dict:
        return report(*write_step(self.cluster, options, step, lambda _length: B, lambda _values: None, check))

    def state(self, options: RotationOptions) -> dict:
        found = observe(self.cluster, options, lambda _values: None)
        return report(found, found, False)


def rotate(application: Application, options: RotationOptions) -> list[tuple]:
    """A whole rotation by the steps that are reported; after each restart the stage, who was restarted, and who refuses cookies."""
    seen, result = [], application.state(options)
    for step in result["steps"]:
        if step == "reencrypt":
            continue
        if step == "restart":
            before, restarted = application.state(options)["cookies_refused_by"], result["restart_required"]
            # The auth servers first: the worst order.
            application.restart(FRONTEND)
            between = application.state(options)["cookies_refused_by"]
            application.restart(*restarted)
            seen.append((result["stage"], restarted, before, between, application.state(options)["cookies_refused_by"]))
            result = application.state(options)
        else:
            result = application.step(options, step)
    assert result["stage"] == "idle" and result["restart_required"] == []
    return seen


def test_a_workload_that_takes_both_accepts_every_cookie_throughout(monkeypatch):
    application, options = Application(monkeypatch, BOTH), replace(OPTIONS, copies=(WITH_VERSIONS,))
    assert application.state(options)["cookie_outage_workloads"] == []
    assert rotate(application, options) == [
        ("added", [BACKEND, FRONTEND], [], [], []),
        ("promoted", [FRONTEND], [], [], []),
        ("old_removed", [BACKEND, FRONTEND], [], [], []),
    ]
    assert application.stored("backend-secrets") == {"secret": B, "secrets": f"2:{B}", "other": "unchanged"}


@pytest.mark.parametrize(("taken", "copy"), [(ONE, SINGLE), (ONE, WITH_VERSIONS), (BOTH, SINGLE)], ids=["one", "pod-takes-one", "not-declared"])
def test_a_workload_with_a_single_secret_refuses_cookies_for_one_restart(monkeypatch, taken, copy):
    application, options = Application(monkeypatch, taken), replace(OPTIONS, copies=(copy,))
    assert application.state(options)["cookie_outage_workloads"] == [BACKEND], "it is announced"
    seen = rotate(application, options)
    assert seen == [
        ("added", [FRONTEND], [], [], []),
        ("promoted", [BACKEND, FRONTEND], [], [BACKEND], []),
        ("old_removed", [FRONTEND], [], [], []),
    ]
    assert application.stored("backend-secrets")["secret"] == B


def test_without_versions_both_are_restarted_at_a_time(monkeypatch):
    application = Application(monkeypatch, BOTH)
    options = replace(OPTIONS, copies=(WITH_VERSIONS,), versioned=False, accept_interruption=True)
    assert application.state(options)["cookie_outage_workloads"] == [BACKEND]
    assert rotate(application, options) == [("replaced", [BACKEND, FRONTEND], [], [BACKEND], [])]
    assert application.stored("backend-secrets") == {"secret": B, "other": "unchanged"}


@pytest.mark.parametrize(("taken", "interrupted"), [(BOTH, []), (ONE, [BACKEND])], ids=["both", "one"])
def test_others_take_it_from_the_rotated_secret_itself(monkeypatch, taken, interrupted):
    application = Application(monkeypatch, taken, secret="frontend-secrets")
    assert application.state(OPTIONS)["cookie_outage_workloads"] == interrupted
    seen = rotate(application, OPTIONS)
    assert [(entry[0], entry[-1]) for entry in seen] == [("added", []), ("promoted", interrupted), ("old_removed", [])]


def test_no_step_before_the_copies_follow(monkeypatch):
    application, options = Application(monkeypatch, BOTH), replace(OPTIONS, copies=(WITH_VERSIONS,))
    with pytest.raises(RunbookError, match="add comes before sync_copies"):
        application.step(options, "sync_copies")
    application.step(options, "add")
    application.restart(FRONTEND)
    with pytest.raises(RunbookError, match="sync_copies comes before promote"):
        application.step(options, "promote")
    predicted = application.step(options, "sync_copies", check=True)
    assert predicted["changed"] and predicted["diff"]["before"] == {"stage": "added", "versions": [1, 2], "outdated_copies": ["backend-secrets/secret"]}
    assert "secrets" not in application.stored("backend-secrets")
    assert application.step(options, "sync_copies")["changed"] and not application.step(options, "sync_copies")["changed"]
    with pytest.raises(RunbookError, match="restart comes before promote"):
        application.step(options, "promote")


def test_what_is_dropped_is_kept_first(monkeypatch):
    application, options = Application(monkeypatch, BOTH), replace(OPTIONS, copies=(WITH_VERSIONS,))
    rotate(application, options)
    assert application.stored("frontend-secrets-former") == {"secret.1": A, "secrets.1": f"2:{B},1:{A}"}
    assert application.stored("backend-secrets-former") == {"secret.1": A, "secrets.1": f"1:{A},2:{B}"}


def test_without_versions_the_old_one_is_kept_once(monkeypatch):
    application, options = Application(monkeypatch, ONE), replace(OPTIONS, versioned=False, accept_interruption=True)
    application.cluster.put("Secret", "frontend-secrets", {"data": encoded(secret=A, secret_previous="written by somebody else")})
    assert application.state(options)["stage"] == "idle"
    rotate(application, options)
    assert application.stored("frontend-secrets-former") == {"secret.1": A, "secret-previous.1": "written by somebody else"}
    assert application.stored("frontend-secrets") == {"secret": B}


def test_nothing_is_written_where_the_former_value_can_not_be_kept(monkeypatch):
    application, options = Application(monkeypatch, BOTH), replace(OPTIONS, copies=(WITH_VERSIONS,))
    application.cluster.forbidden = {("create", "Secret")}
    with pytest.raises(RunbookError) as refused:
        application.step(options, "add")
    assert refused.value.facts == {"missing_permissions": ["create secrets"]} and application.cluster.writes == []


def test_a_pod_that_nothing_restarts_is_named(monkeypatch):
    application, options = Application(monkeypatch, ONE, kind="Job"), replace(OPTIONS, copies=(SINGLE,))
    for step in ("add", "promote"):
        application.step(options, step)
        application.restart(FRONTEND)
    result = application.step(options, "sync_copies")
    assert (result["unmanaged"], result["restart_required"]) == (["Job/backend-5d4f"], [])


def test_a_container_that_can_not_be_asked_is_named(monkeypatch):
    application, options = Application(monkeypatch, BOTH), replace(OPTIONS, copies=(WITH_VERSIONS,))
    monkeypatch.setattr(consumers, "read_values", lambda _cluster, lookups: {one: ContainerValue(unknown="it has no shell") for one in lookups})
    assert application.state(options)["unknown"] == [BACKEND]


@pytest.mark.parametrize(("state", "with_versions", "single"), [
    (IDLE, SigningSecrets(A), SigningSecrets(A)),
    (ADDED, SigningSecrets(A, {1: A, 2: B}), SigningSecrets(A)),
    (PROMOTED, SigningSecrets(A, {1: A, 2: B}), SigningSecrets(B)),
    (OLD_REMOVED, SigningSecrets(B, {2: B}), SigningSecrets(B)),
    (REPLACED, SigningSecrets(B), SigningSecrets(B)),
])  # fmt: skip
def test_the_content_of_a_copy_by_stage(state, with_versions, single):
    assert required_content(SecretCopy("s", "k", "l", "1", A), state) == with_versions
    assert required_content(SecretCopy("s", "k", None, "1", A, single_secret_workloads=(BACKEND,)), state) == single


def test_an_order_of_versions_makes_no_difference_to_a_verifier():
    verifier = Verifier(BACKEND, "pod", "app", True, True, SigningSecrets(A, {1: A, 2: B}))
    copies = CopyState((SecretCopy("s", "k", "l", "1", A, {2: B, 1: A}, (verifier,)),))
    assert copies.due(ADDED) == copies.due(PROMOTED) == [] and copies.restart_required(PROMOTED) == set()


def test_nothing_shows_a_secret():
    copy = SecretCopy("s", "k", "l", "1", A, {1: A, 2: B}, (Verifier(BACKEND, "pod", "app", True, True, SigningSecrets(A)),), stored={"k": A.encode()})
    assert A not in repr(copy) and B not in repr(copy)
