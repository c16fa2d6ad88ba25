# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs one module: as the program that Ansible starts on a host, or as the command ansible does, which takes three times as long."""

from __future__ import annotations

import json
import os
import subprocess

from harness import CHECKOUT, venv

COLLECTIONS = str(CHECKOUT / "playbooks/collections")
PACKAGE = "ansible_collections.runbook.minikube.plugins.modules"
PATIENCE = 900  # seconds


def run_module(name: str, /, check: bool = False, shell: dict | None = None, **arguments) -> dict:
    """The result of the module as a program of its own, with ``failed``; in a shell with ``shell``'s variables too."""
    arguments_json = json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check}})
    done = _run([f"{venv()}/bin/python", "-m", f"{PACKAGE}.{name}"], {"PYTHONPATH": COLLECTIONS, **(shell or {})}, arguments_json)
    assert done.stdout, done.stderr
    return {"failed": False, **json.loads(done.stdout)}


def run_task(name: str, /, *options: str, **arguments) -> dict:
    """The result of the module as the command ansible runs it, on this machine, with ``failed`` and what was ``shown`` before it.

    ``options`` are those of the command, for example -vvvv.
    """
    place = venv()
    command = [f"{place}/bin/ansible", "localhost", "--connection", "local", "--module-name", f"runbook.minikube.{name}",
               "--args", json.dumps(arguments), "--extra-vars", f"ansible_python_interpreter={place}/bin/python", *options]
    done = _run(command, ansible_variables())
    shown, found, result = done.stdout.partition("=> ")
    assert found, done.stdout + done.stderr
    return {**json.JSONDecoder().raw_decode(result)[0], "failed": "FAILED!" in shown, "shown": shown}


def ansible_variables() -> dict[str, str]:
    """The environment variables with which the command ansible finds the collection."""
    paths = [COLLECTIONS, *filter(None, [os.environ.get("ANSIBLE_COLLECTIONS_PATH")])]
    return {"ANSIBLE_COLLECTIONS_PATH": ":".join(paths), "ANSIBLE_NOCOLOR": "1"}


def _run(command: list[str], shell: dict, stdin: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(command, env={**os.environ, **shell}, input=stdin, text=True, capture_output=True, check=False, timeout=PATIENCE)
