# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that an earlier version left in the middle of a rotation: which stage is read, and with which secrets it goes on."""

from __future__ import annotations

import base64

import pytest
from fake_cluster import FakeCluster
from kept_state.readers import AuthServer, RotationOptions, rotation_observe, signing_secrets, stored

A, B = "first secret of thirty-two characters", "second secret of thirty-two characters"
KEYS = ("better-auth-secret", "better-auth-secrets", "better-auth-secret-former")
FRONTEND = "Deployment/frontend"
TAKES = [
    {"name": name, "valueFrom": {"secretKeyRef": {"name": "frontend-secrets", "key": key}}}
    for name, key in zip(("BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS"), KEYS)
]


def observed(monkeypatch, name: str):
    """A rotation whose auth servers have been restarted with what the Secret holds."""
    secret = stored(name)
    values = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    running = signing_secrets.parse_secrets(values[KEYS[0]], values.get(KEYS[1]), "the container")
    monkeypatch.setattr(rotation_observe, "running_auth_servers", lambda *_where: [AuthServer(FRONTEND, "frontend-1", "app", running)])
    cluster = FakeCluster()
    cluster.put("Secret", "frontend-secrets", secret)
    cluster.put("Deployment", "frontend", {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": TAKES}]}}}})
    options = RotationOptions("default", "frontend-secrets", *KEYS, [{"workload": FRONTEND, "container": None}], versioned=True)
    return rotation_observe.observe(cluster, options, lambda _values: None)


# The name of the stored file to its stage and secrets.
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
    state = observed(monkeypatch, f"rotation_{name}").secret
    single, versions, previous, in_progress, target = STAGES[name]
    assert state.stage == {"rest": "idle", "ended": "idle", "adopted": "added", "switched": "promoted", "dropped": "old_removed"}.get(name, name)
    assert (state.secrets.single, state.previous, state.in_progress) == (single, previous, in_progress)
    assert list(state.secrets.versions.items()) == list(versions.items()), "the active one first"
    assert state.target == target


@pytest.mark.parametrize("name", ["adopted", "switched", "dropped", "replaced"])
def test_it_goes_on_to_its_end(monkeypatch, name):
    found = observed(monkeypatch, f"rotation_{name}")
    assert found.steps[-1] == "finish" and "restart" not in found.steps[:1] and found.restart_required == []
    assert bool(found.unversioned_reason) == (name == "replaced")
