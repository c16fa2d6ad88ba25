# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a re-encryption, and the secrets that they lead to."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth import options
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import TableNames
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt import observe as reencrypt_observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.options import ARGUMENT_SPEC, REDACT, ReencryptOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from reencrypt_data import ADDED, IDLE, PROMOTED, TO_B2, TO_BARE_B, A, B, server

LOCATION = {"secret": None, "config_map": None, "workload": None, "file": None, "value": None, "key": None, "check_consumers": False}
DATABASE = {"url": "postgresql://u:hunter2@h/d", "connect_timeout": 1, "statement_timeout": 1, "lock_timeout": 1}
SERVERS = [{"workload": "Deployment/web"}]


class Observation:
    """The options, and what is read by them. ``hidden`` collects what must not be printed."""

    def __init__(self, **params):
        defaults = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
        self.params = {**defaults, "database": dict.fromkeys(ARGUMENT_SPEC["database"]["options"]) | DATABASE, "auth_servers": SERVERS, **params}
        self.hidden = set()
        self.options = ReencryptOptions.of(self.params, self.hidden.update)

    def secrets(self):
        return reencrypt_observe.observe(lambda: None, self.options, self.hidden.update)

    def servers_again(self):
        return reencrypt_observe.observe_again(lambda: None, self.options, TO_B2)


@pytest.fixture(name="running")
def running_servers(monkeypatch):
    """The running auth servers; a test adds some."""
    found = []
    monkeypatch.setattr(options, "running_auth_servers", lambda *_arguments: list(found))
    monkeypatch.setattr(reencrypt_observe, "running_auth_servers", lambda *_arguments: list(found))
    return found


def test_the_secrets_of_the_running_servers_are_enough(running):
    running.append(server(PROMOTED))
    observation = Observation()
    found = observation.secrets()
    assert (found.target, found.candidates, observation.options.keys_table) == (TO_B2, (B, A), TableNames())
    assert {A, B, DATABASE["url"]} <= observation.hidden
    assert not [text for text in (A, B, "hunter2") if text in repr(found) + repr(observation.options)]


def test_old_secrets_are_tried_too_and_never_shown(running, tmp_path):
    running.append(server(SigningSecrets(B)))
    (tmp_path / "old").write_text("of the file")
    observation = Observation(old_secrets=[{**LOCATION, "value": A}, {**LOCATION, "file": str(tmp_path / "old")}])
    found = observation.secrets()
    assert (found.target, found.candidates) == (TO_BARE_B, (B, A, "of the file"))
    assert {A, B, "of the file"} <= observation.hidden
    shown = {option: redact(observation.params[option]) for option, redact in REDACT.items()}
    assert A not in repr(shown) and str(tmp_path) in repr(shown)


def test_an_old_secret_without_a_value(running, tmp_path):
    running.append(server(PROMOTED))
    with pytest.raises(RunbookError, match="old_secrets: file .*none has no value"):
        Observation(old_secrets=[{**LOCATION, "file": str(tmp_path / "none")}]).secrets()


def test_an_explicit_secret_decides_and_the_servers_have_to_decrypt_it(running):
    running.append(server(ADDED))
    explicit = {"secret": {**LOCATION, "value": A}, "secrets": {**LOCATION, "value": f"2:{B},1:{A}"}}
    assert Observation(**explicit).secrets().target == TO_B2
    running.append(server(IDLE, "web-2"))
    with pytest.raises(RunbookError, match="can't decrypt values encrypted with version 2 of BETTER_AUTH_SECRETS: .*web-2.* Nothing was changed"):
        Observation(**explicit).secrets()


def test_keys_that_are_stored_unencrypted_are_left_out(running):
    running.append(server(PROMOTED))
    observation = Observation(private_keys="unencrypted")
    assert (observation.options.keys_table, observation.secrets().target) == (None, TO_B2)
    assert list(observation.options.other_tables) == ["twoFactor", "account"]


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_the_size_of_a_batch_has_bounds(size):
    with pytest.raises(RunbookError, match=f"batch_size: must be from 1 to 10000, got {size}"):
        Observation(batch_size=size)


def test_a_server_that_starts_meanwhile_is_reported(running, monkeypatch):
    running.append(server(PROMOTED))
    observation = Observation()
    assert observation.servers_again() == running
    running.append(server(IDLE, "web-2"))
    with pytest.raises(RunbookError, match="All values were re-encrypted .* meanwhile an auth server was started .*web-2") as failed:
        observation.servers_again()
    assert failed.value.facts == {"changed": True} and "Nothing was changed" not in str(failed.value)

    def gone(*_arguments):
        raise RunbookError("none runs")

    monkeypatch.setattr(reencrypt_observe, "running_auth_servers", gone)
    with pytest.raises(RunbookError, match="All values were re-encrypted .* could not be read again: none runs"):
        observation.servers_again()
