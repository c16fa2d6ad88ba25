# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a real run of ansible-playbook -vvv prints, of the installed ansible-core: values nowhere, names everywhere."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
VALUES = {name: f"planted-{name}" for name in (
    "token", "key", "password", "variable", "session", "secret", "template", "place", "at-run-time", "wrong", "url", "account",
)}  # fmt: skip
NAMES = ["frontend-secrets", "rotate_secret.yml", "minikube-planted", "audit-service-secrets"]
USERS = [
    {"name": "a", "user": {"token": VALUES["token"], "client-key-data": base64.b64encode(VALUES["key"].encode()).decode()}},
    {"name": "b", "user": {"username": "me", "password": VALUES["password"]}},
    {"name": "c", "user": {"exec": {"command": "true", "env": [{"name": "SESSION", "value": VALUES["variable"]}]}}},
    {"name": "d", "user": {"auth-provider": {"name": "x", "config": {"session": VALUES["session"]}}}},
]
KUBECONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "minikube-planted", "users": USERS,
    "clusters": [{"name": "minikube-planted", "cluster": {"server": "http://127.0.0.1:1"}}],
    "contexts": [{"name": "minikube-planted", "context": {"cluster": "minikube-planted", "user": "a"}}],
}  # fmt: skip
DATA = {
    "auth": {"generate": 32, "rotated_by": "rotate_secret.yml"},
    "token": {"value": VALUES["secret"]},
    "url": {"template": f"//{VALUES['template']}@{{frontend-secrets/auth}}"},
}
SECRETS = {"kubeconfig": KUBECONFIG, "secrets": [{"name": "frontend-secrets", "data": DATA}]}
LOCATIONS = [{"secret": "audit-service-secrets", "key": "host"}, {"value": VALUES["place"]}, {"value": "todo"}]
OWN_PROCESS = {"environment": {"ANYTHING": "x"}}
JWKS = {"kubeconfig": KUBECONFIG, "database": {"url": f"postgresql://me:{VALUES['url']}@127.0.0.1:1/db", "via": "direct"}, "secret": {"value": VALUES["place"]}}
PROBE = {"url": "http://127.0.0.1:1", "email": "me@example.org", "password": VALUES["account"]}
TASKS = [
    {"runbook.minikube.app_secrets": SECRETS, "register": "here"},
    {"runbook.minikube.app_secrets": SECRETS, **OWN_PROCESS, "register": "apart"},
    {"runbook.minikube.app_secrets": {**SECRETS, "typo": "x"}, **OWN_PROCESS},
    {"runbook.minikube.app_secrets": {**SECRETS, "secrets": [{"name": "frontend-secrets", "data": VALUES["wrong"]}]}, **OWN_PROCESS},
    {"runbook.minikube.app_secrets": {**SECRETS, "secrets": [{"name": "frontend-secrets", "data": VALUES["wrong"]}]}},
    {"runbook.minikube.secret_compare": {"kubeconfig": KUBECONFIG, "locations": LOCATIONS}},
    {"runbook.minikube.jwks_info": JWKS},
    {"runbook.minikube.auth_probe": PROBE},
    {"hides": {"name": "frontend-secrets", "value": VALUES["at-run-time"]}, "register": "hidden"},
    {"ansible.builtin.debug": {"msg": "{{ [here, apart, hidden] | to_json | b64encode }}"}},
    {"ansible.builtin.debug": {"msg": f"still readable: {' '.join(NAMES)} v1 Config todo"}},
]
MODULE = """
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

module = RunbookModule({"name": {"type": "str"}, "value": {"type": "raw"}}, connects=False, redact={"value": lambda value: "<hidden>"})
module.params["value"] = None
module.hide(["planted-at-run-time"])
module.exit_json(msg=f"planted-at-run-time of {module.params['name']}", changed=False)
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> str:
    """The complete output of the run."""
    folder = tmp_path_factory.mktemp("printed")
    (folder / "library").mkdir()
    (folder / "library/hides.py").write_text(f"#!/usr/bin/python\nfrom __future__ import annotations\n{MODULE}")
    tasks = [{**_with_variables(task, number), "ignore_errors": True} for number, task in enumerate(TASKS)]
    (folder / "options.json").write_text(json.dumps({"task_options": [next(iter(task.values())) for task in TASKS[:-2]]}))
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    environ = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks/collections"), "ANSIBLE_LOCALHOST_WARNING": "false",
               "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DISPLAY_TRACEBACK": "never", "ANSIBLE_INJECT_INVOCATION": "true", "LC_ALL": "C.UTF-8"}  # fmt: skip
    command = [Path(sys.executable).parent / "ansible-playbook", "-vvv", "-i", "localhost,", "-c", "local", "-e", "@options.json",
               "-e", f"ansible_python_interpreter={sys.executable}", "play.yml"]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _with_variables(task: dict, number: int) -> dict:
    """A task with its options in variables, as Ansible prints the text of a playbook at an error."""
    module, options = next(iter(task.items()))
    if module.startswith("ansible.builtin"):
        return task
    return {**task, module: {name: f"{{{{ task_options[{number}].{name} }}}}" for name in options}}


@pytest.mark.parametrize("name", VALUES)
def test_no_value_is_printed(printed, name):
    value = VALUES[name]
    assert value not in printed and base64.b64encode(value.encode()).decode() not in printed


def test_all_tasks_ran(printed):
    assert printed.count("The API server of") >= 2 and "Unsupported parameters" in printed and "127.0.0.1" in printed


@pytest.mark.parametrize("name", [*NAMES, "v1", "Config", "todo"])
def test_names_stay_readable_afterwards(printed, name):
    assert name in printed.rpartition("still readable:")[2].split('"')[0].split()


def test_options_keep_their_names_and_types(printed):
    for shown in ("frontend-secrets", "rotate_secret.yml", "audit-service-secrets", "http://127.0.0.1:1", "SESSION", "<hidden>"):
        assert shown in printed, shown


def test_registered_results_contain_no_value(printed):
    encoded = max((word.strip('",') for word in printed.split()), key=lambda word: len(word) if word.startswith("W3s") else 0)
    registered = base64.b64decode(encoded).decode()
    assert "frontend-secrets" in json.dumps(json.loads(registered))
    assert not [value for value in VALUES.values() if value in registered]
