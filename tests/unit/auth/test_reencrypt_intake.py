# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a re-encryption, and what they lead to."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.auth import options, reencrypt_intake
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_intake import ReencryptIntake
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from reencrypt_data import STAGE_0, STAGE_1, STAGE_2, TO_B2, TO_BARE_B, A, B, signer

PLACE = {"secret": None, "config_map": None, "workload": None, "file": None, "value": None, "key": None, "readers": False}


class Module:
    """As much of a module as the options need. ``hidden`` collects what must not be printed."""

    cluster = None

    def __init__(self, **params):
        given = {"database": {"url": None}, "namespace": "default", "private_keys": "encrypted"}
        given.update(table="jwks", schema=None, columns={})
        defaults = {"secret": None, "secrets": None, "signers": [], "old_secrets": [], "target": "current", "other_names": {}}
        self.params = {**given, **defaults, "batch_size": 10, "force": False, **params}
        self.hidden = set()

    def hide(self, values):
        self.hidden.update(values)


@pytest.fixture(name="running")
def played_signers(monkeypatch):
    """The signers that run; a test puts some in."""
    found = []
    monkeypatch.setattr(options, "running_signers", lambda *_asked: list(found))
    monkeypatch.setattr(reencrypt_intake, "running_signers", lambda *_asked: list(found))
    return found


def test_the_secrets_of_the_running_signers_are_all_that_it_takes(running):
    running.append(signer(STAGE_2))
    module = Module(signers=[{"workload": "Deployment/web"}])
    wish = ReencryptIntake(module).wish()
    assert (wish.target, wish.secrets, wish.keys) == (TO_B2, (B, A), Names())
    assert {A, B} <= module.hidden
    assert A not in repr(wish) and B not in repr(wish)


def test_old_secrets_are_read_with_too_and_shown_nowhere(running, tmp_path):
    running.append(signer(SigningSecrets(B)))
    (tmp_path / "old").write_text("of the file")
    old = [{**PLACE, "value": A}, {**PLACE, "file": str(tmp_path / "old")}]
    module = Module(signers=[{"workload": "Deployment/web"}], old_secrets=old)
    wish = ReencryptIntake(module).wish()
    assert (wish.target, wish.secrets) == (TO_BARE_B, (B, A, "of the file"))
    assert {A, B, "of the file"} <= module.hidden
    shown = {option: without(module.params[option]) for option, without in reencrypt_intake.SHOWN.items()}
    assert A not in repr(shown) and str(tmp_path) in repr(shown)


def test_an_old_secret_without_a_value(running, tmp_path):
    running.append(signer(STAGE_2))
    module = Module(signers=[{"workload": "Deployment/web"}], old_secrets=[{**PLACE, "file": str(tmp_path / "none")}])
    with pytest.raises(RunbookError, match="old_secrets: file .*none has no value"):
        ReencryptIntake(module).wish()


def test_a_named_secret_decides_and_the_signers_have_to_read_it(running):
    running.append(signer(STAGE_1))
    named = {"secret": {**PLACE, "value": A}, "secrets": {**PLACE, "value": f"2:{B},1:{A}"}, "signers": [{"workload": "Deployment/web"}]}
    assert ReencryptIntake(Module(**named)).wish().target == TO_B2
    running.append(signer(STAGE_0, "web-2"))
    with pytest.raises(RunbookError, match="can't read what is written in envelopes of version 2: .*web-2.* Nothing was changed"):
        ReencryptIntake(Module(**named)).wish()


def test_keys_that_are_stored_unencrypted_are_left_out(running):
    running.append(signer(STAGE_2))
    module = Module(signers=[{"workload": "Deployment/web"}], private_keys="unencrypted")
    wish = ReencryptIntake(module).wish()
    assert (wish.keys, wish.target, list(wish.others)) == (None, TO_B2, ["twoFactor", "account"])


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_the_size_of_a_batch_has_bounds(running, size):
    running.append(signer(STAGE_2))
    with pytest.raises(RunbookError, match=f"batch_size: {size} is not from 1 to 10000"):
        ReencryptIntake(Module(signers=[{"workload": "Deployment/web"}], batch_size=size)).wish()


def test_a_signer_that_starts_meanwhile_is_told(running, monkeypatch):
    running.append(signer(STAGE_2))
    intake = ReencryptIntake(Module(signers=[{"workload": "Deployment/web"}]))
    assert intake.signers_now(TO_B2) == running
    running.append(signer(STAGE_0, "web-2"))
    with pytest.raises(RunbookError, match="Everything was written .* meanwhile a signer was started .*web-2") as told:
        intake.signers_now(TO_B2)
    assert told.value.facts == {"changed": True} and "Nothing was changed" not in str(told.value)

    def gone(*_asked):
        raise RunbookError("none runs")

    monkeypatch.setattr(reencrypt_intake, "running_signers", gone)
    with pytest.raises(RunbookError, match="Everything was written .* could not be looked at again: none runs"):
        intake.signers_now(TO_B2)
