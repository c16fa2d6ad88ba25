# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections as programs in a container observe them, and workloads whose containers have Node.js."""

from __future__ import annotations

import json

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.field_managers import NETWORK
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.model import ProbeTarget
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.model import (
    Attempt,
    Connection,
    Lookup,
    NetworkProbe,
    NetworkTarget,
    NodeConnect,
    NodeProcess,
    NodeSettings,
    Trial,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import Workload

HOST, PORT = "db.example.test", 5432
LIMIT = "--network-family-autoselection-attempt-timeout=2500"  # what cures a connection that takes 1030 ms
SLOW, FAST = Attempt("192.0.2.1", 4, 1030), Attempt("192.0.2.1", 4, 3)
NO_ROUTE = Attempt("2001:db8::1", 6, 1, "ENETUNREACH")
SELECTING = NodeSettings("v20.20.2", "", True, 250, "verbatim")
NOT_SELECTING = NodeSettings("v18.20.8", "", False, 250, "verbatim")
ENDED = NodeConnect(262, "ETIMEDOUT", "AggregateError", (("ETIMEDOUT", "192.0.2.1"), ("ENETUNREACH", "2001:db8::1")))
CONNECTED = NodeConnect(3)
FRONTEND = Workload("Deployment", "frontend")
POD = {"metadata": {"name": "frontend-1", "labels": {"app": "frontend"}}, "status": {"podIP": "10.0.0.1"}}
TARGET = ProbeTarget(FRONTEND, "default", "frontend-1", "app", POD)

# The options of the modules, as Ansible completes them.
TARGET_PARAMS = {"host": None, "env": None, "port": None, "scheme": "tcp", "path": "/"}
PARAMS = {"namespace": "default", "workloads": [{"kind": "Deployment", "name": "web"}], "container": None, "timeout": 5, "targets": None, "database": None}
PROBE = {**PARAMS, "all_pods": False, "publish": None, "dapr": None}
DATABASE = {"env": "DATABASE_URL", "required": False}


def connection(*attempts: Attempt, host: str = HOST, lookup: str = "", node: NodeConnect | None = None, **more) -> Connection:
    """A connection with these attempts."""
    target = more.pop("target", NetworkTarget(host, PORT))
    return Connection(target, host, PORT, Lookup(4, lookup), attempts, node=node, **more)


def probe_of(*connections: Connection, settings: NodeSettings | None = SELECTING, trials=(), **process) -> NetworkProbe:
    """What a container with Node.js sees."""
    first = Trial("", settings=settings, connects=tuple(one.node for one in connections if one.node))
    return NetworkProbe("node", connections, NodeProcess(found=True, **process), (first, *trials))


def deployment(env=(), manager: str = "", **container) -> dict:
    """A Deployment; ``manager`` owns NODE_OPTIONS."""
    key = {name: "k:" + json.dumps({"name": name}, separators=(",", ":")) for name in ("app", "NODE_OPTIONS")}
    tree = {"f:spec": {"f:template": {"f:spec": {"f:containers": {key["app"]: {"f:env": {key["NODE_OPTIONS"]: {}}}}}}}}
    spec = {"containers": [{"name": "app", **({"env": list(env)} if env else {}), **container}]}
    managed = [{"manager": manager, "operation": "Apply", "fieldsV1": tree}] if manager else []
    return {"metadata": {"name": "frontend", "uid": "d", "managedFields": managed}, "spec": {"template": {"spec": spec}}}


def own(value: str) -> dict:
    """A Deployment with an entry of the cure."""
    return deployment([{"name": "NODE_OPTIONS", "value": value}], NETWORK)


class Container:
    """A container with Node.js in which one address answers late; ``fixed`` once its process has a longer limit."""

    def __init__(self):
        self.programs, self.fixed, self.failure, self.requests = {"node"}, False, "", []

    def execute(self, _cluster, _pod, _namespace, _container, command, stdin, _timeout):
        if command[0] not in self.programs:
            return Execution(127, b"", b"")
        task = json.loads(stdin)
        self.requests.append(task)
        trials = [self._trial(options) for options in (LIMIT if self.fixed else "", *task["trials"])]
        process = {"runtime": "node", "found": True, "options": trials[0]["options"], "container_options": trials[0]["options"], "source": ""}
        answer = {"targets": list(map(self._target, task["targets"])), "process": process, "trials": trials}
        return Execution(0, f"{task['marker']}{json.dumps(answer)}{task['marker']}".encode(), b"")

    def _target(self, wanted):
        attempt = {"address": "192.0.2.1", "family": 4, "ms": 1030, "failure": self.failure, "detail": ""}
        return {"host": wanted["host"] or "of-url", "port": wanted["port"], "lookup": {"ms": 1, "failure": "", "detail": ""}, "attempts": [attempt]}

    @staticmethod
    def _trial(options):
        late = {"ms": 260, "failure": "ETIMEDOUT", "name": "AggregateError", "errors": [["ETIMEDOUT", "192.0.2.1"]]}
        connect = late if not options else {"ms": 1030, "failure": "", "name": "", "errors": []}
        limit = int(options.partition("=")[2]) if options == LIMIT else 250
        settings = {"version": "v22.1.0", "options": options, "auto_select_family": True, "attempt_timeout": limit, "result_order": "verbatim"}
        return {"options": options, "exit_code": 0, "detail": "", "settings": settings, "connects": [connect]}


def running(kind: str, name: str) -> list[dict]:
    """A workload with one pod that runs, and what is between them, with their kinds."""
    spec = {"containers": [{"name": "app"}]}
    made = {"kind": kind, "metadata": {"name": name, "uid": f"u-{name}"}, "spec": {"template": {"spec": spec}}}
    between = [{"kind": "ReplicaSet", "metadata": {"name": f"{name}-1", "uid": f"u-{name}-1"}}] if kind == "Deployment" else []
    status = {"phase": "Running", "containerStatuses": [{"name": "app", "state": {"running": {}}}]}
    owners = [made, *between, {"kind": "Pod", "metadata": {"name": f"{name}-1-1", "uid": f"u-{name}-1-1"}, "spec": spec, "status": status}]
    for above, below in zip(owners, owners[1:]):
        below["metadata"]["ownerReferences"] = [{"uid": above["metadata"]["uid"], "controller": True}]
    return owners
