# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sentences that the role auth_keys prints, as a template requests them."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.filter.auth_keys import FilterModule

FILTERS = FilterModule().filters()
FORMER = [{"former_secret": "b-former", "former_key": "k.1"}] * 2
DESTINATIONS = [{"secret": "a", "action": "unchanged"}, {"secret": "b", "action": "updated"}, {"secret": "b", "action": "removed"}]
COPIED = {"destinations": DESTINATIONS, "former_values": FORMER, "rotation_stage": "idle"}
CLEANUP = {"retired": ["k1", "k2"], "removed": [], "backup_id": "f00d", "sign_in": "no_active_key"}
DONE = {
    "secrets": {"destinations": [], "former_values": [], "rotation_stage": "idle"}, "restarted": [], "verification": {},
    "keys": {**CLEANUP, "retired": [], "backup_id": None, "sign_in": "ok"},
}  # fmt: skip
INFO = {
    "sign_in": "ok", "signing_keys": [{"active": True, "expires_at": None}], "open_sessions": 3, "counts": {"readable": 2},
    "other_data": [{"table": "twoFactor", "column": "secret", "readable": 5}],
}  # fmt: skip
IDLE = {"stage": "idle", "steps": ["add", "restart"], "versioned": True, "unversioned_reason": "", "cookie_outage_workloads": []}


def test_workload_refs():
    assert FILTERS["workload_refs"](["Deployment/frontend"]) == [{"kind": "Deployment", "name": "frontend"}]


@pytest.mark.parametrize(("results", "predicted", "lines"), [
    ({}, False, ["Nothing had to be changed.", "The active key can be decrypted."]),
    ({"verification": {"steps": [{"step": "token"}]}}, False, ["Nothing had to be changed.", "Verified: sign-in works, and the token's signature is valid."]),
    ({"verification": {"steps": [{"step": "verify"}]}}, False, ["Nothing had to be changed.", "Verified: sign-in works and the backend accepts the token."]),
    ({"verification": {"steps": [{"step": "verify"}, {"step": "cookie"}]}}, False,
     ["Nothing had to be changed.", "Verified: sign-in works and the backend accepts the token and the session cookie."]),
    ({"secrets": {**DONE["secrets"], "rotation_stage": "promoted"}}, False,
     ["Nothing had to be changed.", "The active key can be decrypted.",
      "A rotation of the secret is unfinished (stage: promoted). Complete it with rotate_secret.yml."]),
    ({"secrets": COPIED, "restarted": ["Deployment/x"], "keys": CLEANUP}, False, [
        "Secrets were synchronized: b", "Former values were kept: b-former/k.1", "Workloads were restarted: Deployment/x",
        "Keys were retired: k1, k2 (backup f00d)",
        "The next token request creates a new key.",
    ]),
    ({"secrets": COPIED, "keys": {**CLEANUP, "retired": [], "removed": ["k3"], "backup_id": None}}, True, [
        "Secrets would be synchronized: b", "Former values would be kept: b-former/k.1", "Keys would be deleted: k3",
        "The next token request creates a new key.",
    ]),
])  # fmt: skip
def test_a_recovery(results, predicted, lines):
    assert FILTERS["auth_recovery_summary"]({**DONE, **results}, predicted=predicted) == lines


@pytest.mark.parametrize(("info", "problem"), [
    ({}, ""),
    ({"signing_keys": [{"active": False, "expires_at": "2025-01-01"}, {"active": True, "expires_at": "2025-03-01 12:00:01.5+00"}]}, ""),
    ({"signing_keys": [{"active": True, "expires_at": "2025-03-01 12:00:00.5+00"}]}, "The active key expires at 2025-03-01 12:00:00.5+00, "),
    ({"sign_in": "broken"}, "The active key can't be decrypted. Run recover_auth.yml first."),
    ({"sign_in": "no_active_key"}, "There is no active key, "),
])  # fmt: skip
def test_the_signing_key_has_to_outlive_the_rotation(info, problem):
    found = FILTERS["signing_key_problem"]({**INFO, **info}, "2025-03-01 12:00:00")
    assert found.startswith(problem) and bool(found) == bool(problem)


def test_a_rotation_that_starts():
    assert FILTERS["auth_rotation_preview"](IDLE, INFO, "s/k") == [
        "The secret s/k gets a new value (stage: idle). Remaining steps: add, restart.",
        "Sessions in browsers end, as their cookies are signed with the secret: 3 are open. These users have to sign in again.",
        "Data to re-encrypt: keys 2, 5 twoFactor secret. Issued tokens stay valid.",
    ]
    lines = FILTERS["auth_rotation_preview"]({**IDLE, "cookie_outage_workloads": ["Deployment/backend"]}, INFO, "s/k")
    assert lines[3].startswith("Deployment/backend take one secret at a time. They refuse new session cookies from the moment")
    assert "their number could not be read" in FILTERS["auth_rotation_preview"](IDLE, {**INFO, "open_sessions": None}, "s/k")[1]


def test_an_unversioned_rotation_that_continues():
    rotation = {"stage": "replaced", "steps": ["finish"], "versioned": False, "unversioned_reason": "An unversioned rotation is in progress.",
                "cookie_outage_workloads": []}
    lines = FILTERS["auth_rotation_preview"](rotation, {"skipped": True}, "s/k")
    assert len(lines) == 2 and lines[1].startswith("An unversioned rotation is in progress. So token requests fail")


def test_copies_with_the_keys_of_their_verifiers():
    copies = [{"secret": "a", "key": "k"}, {"secret": "b", "key": "k"}]
    assert FILTERS["with_versions_keys"](copies, [{"secret": "b", "versions_key": "ks"}]) == [copies[0], {**copies[1], "versions_key": "ks"}]
