# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs one module as the command ansible does."""

from __future__ import annotations

import json
import os
import subprocess

from harness import CHECKOUT, venv


def run_module(name: str, *options: str, shell: dict | None = None, **arguments) -> dict:
    """The module's result, with ``failed`` and what was ``shown`` before it, in a shell with ``shell``'s variables too.

    ``options`` are those of the command ansible, for example --check.
    """
    place = venv()
    command = [f"{place}/bin/ansible", "localhost", "--connection", "local", "--module-name", f"runbook.minikube.{name}",
               "--args", json.dumps(arguments), "--extra-vars", f"ansible_python_interpreter={place}/bin/python", *options]
    paths = [str(CHECKOUT / "playbooks/collections"), *filter(None, [os.environ.get("ANSIBLE_COLLECTIONS_PATH")])]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": ":".join(paths), "ANSIBLE_NOCOLOR": "1", **(shell or {})}
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=900)
    said, found, result = done.stdout.partition("=> ")
    assert found, done.stdout + done.stderr
    return {**json.JSONDecoder().raw_decode(result)[0], "failed": "FAILED!" in said, "shown": said}
