# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests on the real cluster share: runs of playbooks, and reads of the cluster."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OUTPUT = CHECKOUT / "tests/output"
LONG = os.environ.get("RUNBOOK_LONG") == "1"  # the long forms were requested
PROFILE = "runbook-test"
STATE = Path(os.environ.get("RUNBOOK_TEST_STATE", Path.home() / ".local/share/runbook.minikube" / PROFILE))
LOCK_WAIT = 900  # seconds that a playbook waits for another test's
# The test cluster's API server writes an audit log from its start, see audit.py.
AUDIT_POLICY = "/etc/ssl/certs/audit-policy.yaml"
AUDITED = [f"--extra-config=apiserver.{option}" for option in (f"audit-policy-file={AUDIT_POLICY}", "audit-log-path=-")]


@cache
def venv(end: str = "newest") -> Path:
    """The Python environment with the newest or the oldest supported Ansible."""
    return Path(subprocess.run([CHECKOUT / "scripts/venv", end], check=True, text=True, capture_output=True).stdout.strip())


@dataclass
class Run:
    """A finished playbook."""

    status: int
    output: str
    seconds: float

    @property
    def recap(self) -> dict[str, int]:
        """The numbers of the recap of the only host: ok, changed, failed …"""
        line = re.search(r"^localhost\s+:(.*)$", self.output, re.MULTILINE)
        assert line, f"no recap in:\n{self.output[-4000:]}"
        return {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", line[1])}

    @property
    def address(self) -> str:
        """The URL that the playbook printed for a browser."""
        return re.search(r"Open (http://\S+)", self.output)[1].rstrip("\"'")

    def ok(self) -> Run:
        """Itself, if it ended well."""
        assert self.status == 0, f"exit status {self.status}:\n{self.output[-6000:]}"
        return self


@dataclass
class Playbooks:
    """Runs playbooks as a user does, on the test profile."""

    variables: dict = field(default_factory=dict)
    end: str = "newest"

    def command(self, playbook: str, *options: str, **variables) -> list[str]:
        """The command line of a playbook with variables."""
        own = {"local_cluster_profile": PROFILE, "local_cluster_install_packages": True, "runbook_lock_wait": LOCK_WAIT}
        all_variables = {**own, **self.variables, **variables}
        if all_variables["local_cluster_profile"] == PROFILE:
            all_variables.setdefault("local_cluster_start_arguments", AUDITED)
        return [str(CHECKOUT / "scripts/playbook"), playbook, "-e", json.dumps(all_variables), *options]

    def start(self, playbook: str, *options: str, **variables) -> subprocess.Popen:
        """A playbook that runs in a process group of its own, its output readable line by line: each task is named as it begins."""
        # Where skipped tasks are hidden, a task is named when it is known not to be one: as it ends.
        return self._open(self.command(playbook, *options, **variables), ANSIBLE_DISPLAY_SKIPPED_HOSTS="true")

    def run(self, playbook: str, *options: str, timeout: int = 1800, **variables) -> Run:
        """Runs a playbook to its end."""
        began = time.monotonic()
        process = self._open(self.command(playbook, *options, **variables))
        try:
            output, _none = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise
        return Run(process.returncode, output, time.monotonic() - began)

    def killed_after(self, words: str, playbook: str, *options: str, then: str = "", **variables) -> str:
        """Runs a playbook until its output has ``words``, kills it and all that it started in its group, returns its output.

        With ``then`` it is killed at the next line after that which has those words.
        """
        process = self.start(playbook, *options, **variables)
        lines, awaited = [], [words, then] if then else [words]
        for line in process.stdout:
            lines.append(line)
            if awaited[0] in line:
                awaited.pop(0)
            if not awaited:
                kill_group(process)
                return "".join(lines)
        raise AssertionError(f"never printed {awaited[0]!r}:\n{''.join(lines)[-4000:]}")

    def _open(self, command: list[str], **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            command, cwd=CHECKOUT, text=True, env={**self.environment(), **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )

    def environment(self) -> dict:
        """What a user's shell has, and the end of the supported versions that is requested."""
        return {**os.environ, "RUNBOOK_END": self.end, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks"}


def kill_group(process: subprocess.Popen) -> None:
    """SIGKILL for a process and all that it started, as at a power cut."""
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()


@dataclass
class TestCluster:
    """The cluster, once deploy has started it."""

    __test__ = False
    state: Path = STATE
    profile: str = PROFILE
    namespace: str = "default"  # of the application

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    def command(self, *arguments: str) -> list[str]:
        """The command line of kubectl."""
        own = () if self.namespace == "default" else ("--namespace", self.namespace)  # a later option wins
        return [shutil.which("kubectl") or "kubectl", "--kubeconfig", str(self.kubeconfig), "--context", self.profile, *own, *arguments]

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """What kubectl prints."""
        command = self.command(*arguments)
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False, timeout=600)
        assert done.returncode == 0 or not check, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def objects(self, kind: str, namespace: str = "", *options: str) -> list[dict]:
        """All objects of a kind, by default in the application's namespace."""
        return json.loads(self.kubectl("get", kind, "-n", namespace or self.namespace, "-o", "json", *options))["items"]

    def docker(self, *arguments: str) -> str:
        """What docker prints inside the node."""
        command = ["docker", "exec", self.profile, "docker", *arguments]
        return subprocess.run(command, text=True, capture_output=True, check=True, timeout=600).stdout
