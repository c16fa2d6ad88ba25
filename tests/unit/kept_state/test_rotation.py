# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that an earlier version left in the middle of a rotation: which stage is read, and with which secrets it goes on."""

from __future__ import annotations

import base64

import pytest
from fake_cluster import FakeCluster
from kept_state.readers import RotationWish, Signer, pending, rotation_run, signing_secrets, stored

A, B = "first secret of thirty-two characters", "second secret of thirty-two characters"
KEYS = ("better-auth-secret", "better-auth-secrets", "better-auth-secret-former")
FRONTEND = "Deployment/frontend"
TAKES = [
    {"name": name, "valueFrom": {"secretKeyRef": {"name": "frontend-secrets", "key": key}}}
    for name, key in zip(("BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS"), KEYS)
]


def seen(monkeypatch, name: str):
    """What is seen of a rotation whose signers have been restarted with what the Secret holds."""
    secret = stored(name)
    values = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    running = signing_secrets.secrets_of(values[KEYS[0]], values.get(KEYS[1]), "the container")
    monkeypatch.setattr(rotation_run, "running_signers", lambda *_where: [Signer(FRONTEND, "frontend-1", "app", running)])
    cluster = FakeCluster()
    cluster.put("Secret", "frontend-secrets", secret)
    cluster.put("Deployment", "frontend", {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": TAKES}]}}}})
    wish = RotationWish("default", "frontend-secrets", *KEYS, [{"workload": FRONTEND, "container": None}], versioned=True)
    return rotation_run.look(cluster, wish, lambda _values: None)


STAGES = {
    "rest": (A, {}, None, False, None),
    "adopted": (A, {1: A, 2: B}, None, True, B),
    "switched": (A, {2: B, 1: A}, None, True, B),
    "dropped": (B, {2: B}, None, True, B),
    "replaced": (B, {}, A, True, B),
    "ended": (B, {2: B}, None, False, None),
}


@pytest.mark.parametrize("name", STAGES)
def test_the_stage_and_its_secrets(monkeypatch, name):
    held = seen(monkeypatch, f"rotation_{name}").held
    single, versions, former, marked, to = STAGES[name]
    assert held.stage == ("rest" if name == "ended" else name)
    assert (held.secrets.single, held.former, held.marked) == (single, former, marked)
    assert list(held.secrets.versions.items()) == list(versions.items()), "the one in force first"
    assert pending(held) == to


@pytest.mark.parametrize("name", ["adopted", "switched", "dropped", "replaced"])
def test_it_goes_on_to_its_end(monkeypatch, name):
    found = seen(monkeypatch, f"rotation_{name}")
    assert found.steps[-1] == "finish" and "restart" not in found.steps[:1] and found.stale == []
    assert bool(found.without) == (name == "replaced")
