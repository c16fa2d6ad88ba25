# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a start are reported while minikube runs, and its failure is told in minikube's words, not as JSON."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile import start_steps
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.minikube import Minikube, StartOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.model import Profile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.start_steps import step_of, text_of


def event(kind: str, **data: str) -> str:
    return json.dumps({"specversion": "1.0", "type": f"io.k8s.sigs.minikube.{kind}", "datacontenttype": "application/json", "data": data})


STEP = event("step", currentstep="3", totalsteps="19", name="Pulling Base Image", message="Pulling base image v0.0.47 ...")
ERROR = event("error", advice="Run: minikube delete", exitcode="80", message="Failed to start container: \x1b[31mtimed out", name="GUEST_START")


@pytest.mark.parametrize(
    ("line", "step"),
    [
        (STEP, "minikube: step 3 of 19, Pulling Base Image"),
        (event("step", message="only a message"), "minikube: step ? of ?, only a message"),
        (ERROR, ""), ("* plain text", ""), ("", ""), ("{", ""), ("[]", ""), ("3", ""), ('{"type": 1, "data": {}}', ""),
    ],
)  # fmt: skip
def test_step_of_a_line(line, step):
    assert step_of(line) == step


def test_output_is_told_in_minikubes_words():
    output = "\n".join([STEP, event("download.progress", progress="0.5"), "X Exiting due to", ERROR])
    assert text_of(output) == "Pulling base image v0.0.47 ...\nX Exiting due to\nFailed to start container: \x1b[31mtimed out\nRun: minikube delete"


def _run_command(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=options["pass_fds"])
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def minikube(tmp_path, monkeypatch):
    """A minikube that prints a step, waits until that was reported, and fails."""
    monkeypatch.setattr(start_steps, "POLL_INTERVAL", 0.01)
    program = tmp_path / "minikube"
    program.write_text(f"#!/bin/sh\necho '{STEP}'\nuntil [ -e {tmp_path}/seen ]; do sleep 0.01; done\necho \"$*\" >&2\necho '{ERROR}'\nexit 80\n")
    program.chmod(0o755)
    profile = Profile("shop", tmp_path / "home", tmp_path / "kubeconfig", tmp_path / "claims")
    lines = []

    def report(line):
        lines.append(line)
        (tmp_path / "seen").touch()

    with open(tmp_path / "lock", "w", encoding="utf-8") as lock:
        yield Minikube(str(program), profile, _run_command, lock.fileno(), report), lines


OPTIONS = StartOptions(2, "3g", "docker", "", "", ())


def test_steps_are_reported_while_minikube_runs(minikube):
    program, lines = minikube
    failure = program.start(OPTIONS, 60)
    assert lines == ["minikube: step 3 of 19, Pulling Base Image"]
    assert "--output=json" in failure and "Run: minikube delete" in failure and '"data"' not in failure


def test_the_file_of_the_output_is_removed(minikube, monkeypatch):
    program, _lines = minikube
    names = []
    monkeypatch.setattr(Path, "read_text", lambda path, **_options: names.append(path) or "")
    program.start(OPTIONS, 60)
    assert names and not names[0].exists()
