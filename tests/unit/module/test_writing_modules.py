# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules that write: each has the options of the guard, their documentation, and a place in the action group."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.guard import LeaseGuard
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.identity import Holder, Host, process_start
from ansible_collections.runbook.minikube.plugins.module_utils._internal.lease.owner import OwnerGuard
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import Runbook, complete_spec
from ansible_collections.runbook.minikube.plugins.module_utils._internal.write_guard import WRITES, CheckModeGuard

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "ansible_collections.runbook.minikube.plugins.modules"
OF_ANOTHER_KIND = {"app_check", "app_file", "connectivity_probe", "lease"}  # no code; events that are asked for; the lease itself
MODULES = sorted({file.stem for file in (ROOT / "plugins/modules").glob("*.py")} - OF_ANOTHER_KIND)
PLAYBOOKS = sorted(path for path in (ROOT / "playbooks").glob("*.yml") if path.stem != "teardown")
ME = Holder(Host.this(), os.getpid(), process_start(os.getpid()), "localhost", "me", "deploy.yml").to_dict()


def fragments_of(module) -> list[str]:
    return yaml.safe_load(module.DOCUMENTATION).get("extends_documentation_fragment") or []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_does_not_only_read_is_guarded(name):
    module = importlib.import_module(f"{PACKAGE}.{name}")
    fragments, connects = fragments_of(module), module.SETTINGS.get("connects", True)
    writes = not (name.endswith("_info") or "runbook.minikube.attributes.read_only" in fragments)
    assert bool(module.SETTINGS.get("writes")) is writes
    assert ("runbook.minikube.lease" in fragments) is (writes and connects)
    assert ("runbook.minikube.lease.holder" in fragments) is (writes and not connects)
    expected = {name for name, has in (("holder", writes), ("lease", writes and connects)) if has}
    assert complete_spec(module.ARGUMENT_SPEC, connects, writes).keys() & {"holder", "lease"} == expected


def test_the_action_group_has_all_of_them():
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    modules = {name: importlib.import_module(f"{PACKAGE}.{name}") for name in MODULES}
    assert groups["writing"] == [name for name, module in modules.items() if "runbook.minikube.lease" in fragments_of(module)]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_playbook_names_its_lease_to_them(playbook):
    play = yaml.safe_load(playbook.read_text())[0]
    assert play["module_defaults"]["group/runbook.minikube.writing"] == {"lease": "{{ runbook_lease }}"}
    assert "vars/runbook.yml" in play["vars_files"]


@pytest.mark.parametrize(("params", "check", "expected"), [
    ({"holder": ME}, False, [OwnerGuard]), ({"holder": ME, "lease": {"name": "l", "namespace": "default"}}, False, [LeaseGuard, OwnerGuard]),
    ({"holder": ME, "lease": {"name": None, "namespace": "default"}}, False, [OwnerGuard]), ({"holder": ME, "lease": None}, False, [OwnerGuard]),
    ({"holder": ME, "lease": {"name": "l", "namespace": "default"}}, True, [CheckModeGuard]), ({}, True, [CheckModeGuard]),
    ({"lease": {"name": "l", "namespace": "default"}}, False, []), ({}, False, []),
])  # fmt: skip
def test_what_is_required_of_the_writes_of_a_module(monkeypatch, params, check, expected):
    used = []
    monkeypatch.setattr(WRITES, "use", lambda *guards: used.extend(map(type, guards)))
    made = Runbook()
    made.params, made.check_mode = params, check
    made._guard_writes()
    assert used == expected


def test_a_holder_that_is_none_is_refused():
    made, failures = Runbook(), []
    made.params, made.check_mode, made.fail_json = {"holder": {"pid": "x"}}, False, lambda msg, **_facts: failures.append(msg)
    made._guard_writes()
    assert failures == ["The holder is missing. Use this module as a task: its action plugin adds the holder."]
