# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Teardown of the test cluster, after all other tests: only packages, the engine and the cache remain."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from audit import remove_policy
from harness import PROFILE, STATE

pytestmark = pytest.mark.phase("stopping")
TEARDOWN = "playbooks/teardown.yml"


def docker_names(kind: str) -> set[str]:
    form = {"container": "{{.Names}}", "volume": "{{.Name}}", "network": "{{.Name}}"}[kind]
    command = ["docker", kind, "ls", *(["--all"] if kind == "container" else []), "--format", form]
    return set(subprocess.run(command, check=True, text=True, capture_output=True).stdout.split())


def processes() -> list[str]:
    """Command lines of processes on this host that contain the profile's name."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        found += [b" ".join(words).decode(errors="replace")] if any(PROFILE.encode() in word for word in words) else []
    return found


@pytest.mark.no_rerun
def test_foreign_context_is_refused(playbooks, deployed):
    run = playbooks.run(TEARDOWN, runbook_context="production")
    assert run.status != 0 and "teardown.yml removes only the default cluster" in " ".join(run.output.split())
    assert STATE.exists()


def test_teardown_leaves_nothing(playbooks, deployed):
    own = Path.home() / ".kube/config"
    before = own.read_bytes() if own.exists() else None
    remove_policy()
    playbooks.run(TEARDOWN).ok()
    for kind in ("container", "volume", "network"):
        assert PROFILE not in docker_names(kind), kind
    assert not STATE.exists() and not list(STATE.parent.glob(f"{PROFILE}*"))
    assert (own.read_bytes() if own.exists() else None) == before
    assert [line for line in processes() if "pytest" not in line] == []
    assert playbooks.run(TEARDOWN).ok().recap["changed"] == 0
