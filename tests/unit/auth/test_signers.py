# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signers whose pods are ending: they are waited for where only they leave a doubt."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth import signers
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer, running_signers
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets

NEW = Signer("Deployment/frontend", "new", "frontend", SigningSecrets("secret B"))
FORMER = Signer("Deployment/frontend", "former", "frontend", SigningSecrets("secret A"))
SILENT = Signer("Deployment/frontend", "former", "frontend", unknown="it can't be asked")


class Namespace:
    """Pods of which ``former`` is ending, or is not."""

    def __init__(self, is_ending: bool):
        self._former = {"name": "former", **({"deletionTimestamp": "2025-03-01T12:00:00Z"} if is_ending else {})}

    def list(self, kind: str, _namespace: str) -> list[dict]:
        assert kind == "Pod"
        return [{"metadata": {"name": "new"}}, {"metadata": self._former}]


@pytest.fixture
def looks(monkeypatch):
    """What each look finds; the last one again and again. Time goes on by a minute with every fifth pause."""
    clock = [0.0]
    monkeypatch.setattr(signers.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(signers.time, "sleep", lambda _seconds: clock.__setitem__(0, clock[0] + 12))

    def given(*found):
        left = list(found)
        monkeypatch.setattr(signers, "_asked", lambda *_where: left.pop(0) if len(left) > 1 else left[0])

    return given


@pytest.mark.parametrize("doubt", [FORMER, SILENT])
def test_a_pod_that_is_ending_is_waited_for(looks, doubt):
    looks([NEW, doubt], [NEW, doubt], [NEW])
    assert running_signers(Namespace(is_ending=True), "default", []) == [NEW]


def test_a_pod_of_the_stage_before_is_waited_for_which_reads_the_same(looks):
    former, present = (Signer("Deployment/frontend", name, "frontend", SigningSecrets("A", versions)) for name, versions in (
        ("former", {1: "A", 2: "B"}), ("new", {2: "B", 1: "A"}),
    ))  # fmt: skip
    looks([present, former], [present])
    assert running_signers(Namespace(is_ending=True), "default", []) == [present]


def test_one_that_stays_is_told_at_once_and_one_that_never_ends_at_last(looks):
    looks([NEW, FORMER], [NEW])
    assert running_signers(Namespace(is_ending=False), "default", []) == [NEW, FORMER]
    looks([NEW, FORMER])
    assert running_signers(Namespace(is_ending=True), "default", []) == [NEW, FORMER]


def test_where_all_agree_nothing_is_waited_for(looks):
    looks([NEW, Signer("Deployment/frontend", "former", "frontend", SigningSecrets("secret B"))], [])
    assert len(running_signers(Namespace(is_ending=True), "default", [])) == 2
