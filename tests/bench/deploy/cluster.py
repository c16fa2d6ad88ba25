# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cluster that is measured on, and commands against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from example import CHECKOUT

NAMESPACE = "bench"
FRONTEND_PORT = 30310
BACKEND_PORT = 30810
LONGEST = 900  # seconds for one command


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    output: str
    seconds: float

    def ok(self) -> Done:
        """Itself, if it ended well."""
        if self.status:
            raise SystemExit(f"exit status {self.status}:\n{self.output[-4000:]}")
        return self


@dataclass(frozen=True)
class Bench:
    """A profile that deploy.yml made, by what that recorded of it."""

    profile: str
    record: dict

    @classmethod
    def open(cls, profile: str) -> Bench:
        """Raises SystemExit where deploy.yml has not made the profile yet."""
        file = Path.home() / ".local/share/runbook.minikube" / profile / "local_cluster.json"
        if not file.is_file():
            raise SystemExit(f"{file} is not there. Make the cluster first: make deploy ARGS='-e local_cluster_profile={profile}'")
        return cls(profile, json.loads(file.read_text()))

    @property
    def node_address(self) -> str:
        """Where NodePorts answer."""
        address = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}"
        return self.run(["kubectl", "--context", self.profile, "get", "nodes", "-o", address]).ok().output.strip()

    @property
    def environment(self) -> dict:
        """What a user's shell has who works on this cluster alone."""
        return {
            **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "KUBECONFIG": self.record["kubeconfig"],
            "MINIKUBE_HOME": self.record["minikube_home"], "MINIKUBE": self.record["minikube"], "PROFILE": self.profile, "NAMESPACE": NAMESPACE,
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "playbooks/collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "ANSIBLE_DEPRECATION_WARNINGS": "false",
        }

    def run(self, command: list[str], cwd: Path | None = None, **environment: str) -> Done:
        """Runs a command to its end and takes its time."""
        began = time.monotonic()
        done = subprocess.run(
            command, cwd=cwd, env={**self.environment, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=LONGEST,
        )
        return Done(done.returncode, done.stdout, time.monotonic() - began)

    def play(self, playbook: Path, variables: dict, **environment: str) -> Done:
        """Runs a playbook with the Python environment that this program runs in."""
        command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), "-e", json.dumps(variables)]
        return self.run(command, **environment)

    def kubectl(self, *arguments: str) -> str:
        """What kubectl prints about the namespace of this program."""
        return self.run(["kubectl", "--context", self.profile, "-n", NAMESPACE, *arguments]).ok().output

    def node_engine(self) -> dict:
        """The variables by which a Docker client reaches the node's engine."""
        command = [self.record["minikube"], "-p", self.profile, "docker-env", "--shell", "none", "--output", "json"]
        found = json.loads(self.run(command).ok().output)
        return {name: str(value) for name, value in found.items() if name.startswith("DOCKER_")}
