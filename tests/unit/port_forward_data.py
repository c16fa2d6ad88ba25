# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options, Services and records that the tests of port_forward share."""

from __future__ import annotations

import os
import time

from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.model import Forward, Record, Status
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.options import PortForwardOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.processes import boot_id, process_start

CONNECTION = ("kubeconfig", "context", "host", "api_key", "client_cert", "proxy")
FRONTEND = Forward("frontend", "default", 3000, "127.0.0.1", 3000, "/api/health")
FREE = Forward("frontend", "default", 3000, "127.0.0.1", 0, "/api/health")
BACKEND = Forward("backend-api", "default", 8000, "127.0.0.1", 8000, "/health", 200)


def entry(service: str, **more) -> dict:
    """A validated member of the option forwards."""
    return {"service": service, "port": None, "local_port": None, "path": "", "status": None, **more}


def params(**changes) -> dict:
    """Validated parameters of the module."""
    return {
        "name": "todo", "state": "present", "namespace": "default", "forwards": [entry("frontend")], "label_selector": "", "address": "127.0.0.1",
        "timeout": 60, "state_dir": "/nowhere", "context": "minikube", **changes,
    }  # fmt: skip


def options(**changes) -> PortForwardOptions:
    return PortForwardOptions.of(params(**changes), CONNECTION)


def service(name: str, *ports: dict, **spec) -> dict:
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": list(ports), **spec}}


def record(*forwards: Forward, healthy: bool | None = True, target: dict | None = None, **changes) -> Record:
    """A record of this process."""
    pid = os.getpid()
    values = {
        "name": "todo", "pid": pid, "started": process_start(pid), "boot_id": boot_id(), "user": "me", "since": "2026-01-01T00:00:00+00:00",
        "seen": time.time(), "target": options().target if target is None else target, "statuses": tuple(Status(one, healthy) for one in forwards), **changes,
    }  # fmt: skip
    return Record(**values)
