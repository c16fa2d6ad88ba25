# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets of running auth servers: the variables that hold them, and pods that are terminating, which are waited for where only they disagree."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth import server_secrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer, running_auth_servers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.consumers import Consumer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.container_values import ContainerValue, Lookup

NEW = AuthServer("Deployment/frontend", "new", "frontend", SigningSecrets("secret B"))
PREVIOUS = AuthServer("Deployment/frontend", "former", "frontend", SigningSecrets("secret A"))
SILENT = AuthServer("Deployment/frontend", "former", "frontend", unknown_reason="it can't be read")


class Namespace:
    """Pods of which ``former`` is ending, or is not."""

    def __init__(self, is_ending: bool):
        self._former = {"name": "former", **({"deletionTimestamp": "2025-03-01T12:00:00Z"} if is_ending else {})}

    def list(self, kind: str, _namespace: str) -> list[dict]:
        assert kind == "Pod"
        return [{"metadata": {"name": "new"}}, {"metadata": {"name": "pod"}}, {"metadata": self._former}]


@pytest.fixture
def reads(monkeypatch):
    """What each read finds; the last one again and again. Time goes on by a minute with every fifth pause."""
    clock = [0.0]
    monkeypatch.setattr(server_secrets.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(server_secrets.time, "sleep", lambda _seconds: clock.__setitem__(0, clock[0] + 12))

    def set_reads(*found):
        left = list(found)
        monkeypatch.setattr(server_secrets, "_read", lambda *_where: left.pop(0) if len(left) > 1 else left[0])

    return set_reads


@pytest.mark.parametrize("doubt", [PREVIOUS, SILENT])
def test_a_pod_that_is_ending_is_waited_for(reads, doubt):
    reads([NEW, doubt], [NEW, doubt], [NEW])
    assert running_auth_servers(Namespace(is_ending=True), "default", []) == [NEW]


def test_a_pod_of_the_stage_before_is_waited_for_which_reads_the_same(reads):
    former, present = (AuthServer("Deployment/frontend", name, "frontend", SigningSecrets("A", versions)) for name, versions in (
        ("former", {1: "A", 2: "B"}), ("new", {2: "B", 1: "A"}),
    ))  # fmt: skip
    reads([present, former], [present])
    assert running_auth_servers(Namespace(is_ending=True), "default", []) == [present]


def test_one_that_stays_is_reported_at_once_and_one_that_never_ends_at_last(reads):
    reads([NEW, PREVIOUS], [NEW])
    assert running_auth_servers(Namespace(is_ending=False), "default", []) == [NEW, PREVIOUS]
    reads([NEW, PREVIOUS])
    assert running_auth_servers(Namespace(is_ending=True), "default", []) == [NEW, PREVIOUS]


def test_where_all_agree_nothing_is_waited_for(reads):
    reads([NEW, AuthServer("Deployment/frontend", "former", "frontend", SigningSecrets("secret B"))], [])
    assert len(running_auth_servers(Namespace(is_ending=True), "default", [])) == 2


OWN, LIST, COMMON = "BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS", "AUTH_SECRET"
CASES = [
    ("as every release reads it", {"frontend": {COMMON: b"A"}}, {"frontend": SigningSecrets("A")}),
    ("an empty variable is unset", {"frontend": {OWN: b"", COMMON: b"A"}}, {"frontend": SigningSecrets("A")}),
    ("Better Auth's own goes first", {"frontend": {OWN: b"A", COMMON: b"B"}}, {"frontend": SigningSecrets("A")}),
    ("for what is encrypted without a version", {"frontend": {LIST: b"2:B", COMMON: b"A"}}, {"frontend": SigningSecrets("A", {2: "B"})}),
    ("another library's in another container", {"frontend": {OWN: b"A"}, "proxy": {COMMON: b"B"}}, {"frontend": SigningSecrets("A")}),
    ("none at all", {"frontend": {}}, {"frontend": None}),
]


@pytest.mark.parametrize(("environments", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_variables_that_better_auth_reads(monkeypatch, environments, expected):
    class Pods:
        def __init__(self, _cluster):
            pass

        def with_variable(self, _where, _workload, namespace, _container, variable):
            return [Lookup(namespace, "pod", False, Consumer(name, "environment", variable, True)) for name in environments]

    def read_values(_cluster, lookups):
        return {lookup: ContainerValue(environments[lookup.consumer.container].get(lookup.consumer.path)) for lookup in lookups}

    monkeypatch.setattr(server_secrets, "PodFinder", Pods)
    monkeypatch.setattr(server_secrets, "read_values", read_values)
    found = running_auth_servers(Namespace(is_ending=False), "default", [{"workload": "Deployment/frontend"}])
    assert {one.container: one.secrets for one in found} == expected
