# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A container that is played by a process here: the program that runs in pods, with the real driver."""

from __future__ import annotations

import os
import subprocess
import sys

from addresses import LIMITS
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import pod


def ways_in_pods(monkeypatch):
    """A function that returns a way to a database by a container with Python whose variable DATABASE_URL has that value."""

    def way(value: str, schema: str | None = None) -> pod.Pod:
        def execute(_cluster, _name, _namespace, _container, command, stdin, timeout):
            if command[0] != "python3":
                return Execution(127, b"", b"")
            environment = {**os.environ, "DATABASE_URL": value}
            done = subprocess.run([sys.executable, *command[1:]], input=stdin, env=environment, capture_output=True, timeout=timeout, check=False)
            return Execution(done.returncode, done.stdout, done.stderr)

        monkeypatch.setattr(pod, "execute", execute)
        return pod.PodDatabase(None, "n", "p", "c", "DATABASE_URL", schema, LIMITS)

    return way
