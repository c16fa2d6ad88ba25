# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Roles in docs/rights allow a module what it requests of the API server, and nothing else; without a verb it names the missing one."""

from __future__ import annotations

import base64
import importlib
import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import exec as execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.channels import Channels
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessModule, ModuleExit
from guarded_api import GuardedApi, permissions_of

RIGHTS = Path(__file__).resolve().parents[3] / "docs/rights"
MODULES = "ansible_collections.runbook.minikube.plugins.modules"
SECRET = "the-secret-of-the-servers-of-40-letters"
DATABASE = {"secret": "backend-api-secrets", "key": "database-url"}
AUTH_SERVERS = [{"workload": "Deployment/frontend"}]
SOURCE = {"secret": "frontend-secrets", "key": "better-auth-secret"}
COPY = {"secret": "backend-api-secrets", "key": "better-auth-secret"}
FORMER = {"secret": "frontend-secrets-former", "key": "better-auth-secret.1"}
WORKLOADS = {"Deployment": "frontend", "StatefulSet": "store", "DaemonSet": "agent"}
KEYS = {"versions_key": "better-auth-secrets", "previous_secret_key": "better-auth-secret-previous"}
ROTATION = {**SOURCE, **KEYS, "auth_servers": AUTH_SERVERS, "versioned": True}
# The options of each module, with which it needs all of its Role.
OPTIONS = {
    "auth_probe": {"url": "http://192.0.2.1/api/auth", "create": True, "database": DATABASE},
    "auth_reencrypt": {"database": DATABASE, "auth_servers": AUTH_SERVERS},
    "auth_reencrypt_forgotten": {"database": DATABASE, "auth_servers": AUTH_SERVERS, "old_secrets": [FORMER], "state": "forgotten"},
    "auth_rotation": {**ROTATION, "copies": [COPY], "step": "add"},
    "auth_secret_sync": {"locations": [SOURCE, COPY], "versions_key": "better-auth-secrets", "auth_servers": AUTH_SERVERS, "database": DATABASE},
    "dapr_resources_info": {},
    "connectivity_probe": {"workloads": [{"kind": kind, "name": name} for kind, name in WORKLOADS.items()]},
    "event_dedup": {"database": DATABASE, "table": "audit_log"},
    "http_health_info": {"checks": [{"name": "web", "service": "web", "via": "forward"}]},
    "jwks_cleanup": {"database": DATABASE, "auth_servers": AUTH_SERVERS},
    "jwks_info": {"database": DATABASE, "auth_servers": AUTH_SERVERS},
    "request_duplicates_info": {"database": DATABASE, "table": "task", "columns": ["title"]},
    "pod_logs_info": {"workloads": [{"kind": "StatefulSet", "name": "store"}]},
    "rollout_history_info": {"workloads": [{"kind": kind, "name": name} for kind, name in WORKLOADS.items()]},
    "secret_compare": {"locations": [{**SOURCE, "check_consumers": True, "check_former": True}, COPY]},
    "secret_copy": {"source": SOURCE, "destinations": [COPY]},
    "service_endpoints_info": {},
}
ELSEWHERE = {"dapr_recovery", "dapr_recovery_new_ca", "port_forward", "nodejs_network_options"}  # tests/unit/port_forward, and here
WRITTEN = {"auth_rotation": ["frontend-secrets"], "secret_copy": [*["backend-api-secrets-former"] * 2, "backend-api-secrets"]}
# The pod behind the forward closes each connection: the way of these modules through the API ends there.
AT_THE_DATABASE = ("auth_probe", "auth_reencrypt", "auth_reencrypt_forgotten", "auth_secret_sync", "event_dedup", "jwks_cleanup", "jwks_info",
                   "request_duplicates_info")  # fmt: skip
CLOSED = "server closed the connection unexpectedly"


CREATED = "2025-03-01T12:00:00Z"


def rules_of(module: str) -> list[dict]:
    return yaml.safe_load((RIGHTS / f"{module}.yml").read_text())["rules"]


def named(kind: str, name: str, **more) -> dict:
    return {"kind": kind, "metadata": {"name": name, "namespace": "default", "uid": f"u-{name}", "resourceVersion": "1", "creationTimestamp": CREATED}, **more}


def secret(name: str, **texts: str) -> dict:
    return named("Secret", name, data={key.replace("_", "-"): base64.b64encode(text.encode()).decode() for key, text in texts.items()})


def template_of(secret_name: str) -> dict:
    keys = {"BETTER_AUTH_SECRET": "better-auth-secret", "BETTER_AUTH_SECRETS": "better-auth-secrets"}
    env = [{"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": key}}} for name, key in keys.items()]
    sidecar = {"name": "daprd", "image": "daprd:1", "args": ["/daprd", "--dapr-http-port", "3500", "--app-id", "app"]}
    return {"containers": [{"name": "app", "image": "app:1", "env": env}, sidecar]}


def workload(kind: str, name: str) -> list[dict]:
    """A workload with one pod that runs, and what is between them."""
    labels, spec = {"app": name}, template_of("frontend-secrets" if kind == "Deployment" else "backend-api-secrets")
    made = named(kind, name, spec={"selector": {"matchLabels": labels}, "template": {"spec": spec}})
    between = [named("ReplicaSet", f"{name}-1", spec={"template": {"spec": spec}})] if kind == "Deployment" else []
    pod = named("Pod", f"{name}-1-1", spec=spec, status={"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})
    owners = [made, *between, pod]
    for above, below in zip(owners, owners[1:]):
        below["metadata"]["ownerReferences"] = [{"uid": above["metadata"]["uid"], "kind": above["kind"], "name": above["metadata"]["name"], "controller": True}]
    pod["metadata"]["labels"] = labels
    pod["status"]["containerStatuses"] = [{"name": one["name"], "state": {"running": {}}} for one in spec["containers"]]
    return owners


OBJECTS = [
    secret("frontend-secrets", better_auth_secret=SECRET),
    secret("backend-api-secrets", better_auth_secret="another one", database_url="postgresql://app:word@postgres:5432/app"),
    *[obj for kind, name in WORKLOADS.items() for obj in workload(kind, name)],
    named("Service", "postgres", spec={"selector": {"app": "store"}, "ports": [{"port": 5432}]}),
    named("Service", "web", spec={"selector": {"app": "frontend"}, "ports": [{"port": 80, "appProtocol": "http"}]}),
    named("EndpointSlice", "web-1", ports=[{"port": 80}], endpoints=[{"addresses": ["192.0.2.3"]}]),
]
OBJECTS[-1]["metadata"]["labels"] = {"kubernetes.io/service-name": "web"}
FORMER_VALUES = secret("frontend-secrets-former", **{"better_auth_secret.1": "a former one"})
FORMER_VALUES["metadata"]["labels"] = {"runbook.minikube/former-values": "true"}


class Pod:
    """The other end of a connection: a container that prints, or a port that closes what comes."""

    def __init__(self, subresource: str, command: list[str]):
        printed = f"BETTER_AUTH_SECRET={SECRET}\0".encode() if command[:1] == ["cat"] else b""
        self._runs = subresource == "exec"
        self._pieces = [(execution.STDOUT, printed), (execution.STATUS, b'{"status": "Success"}')] if self._runs else []

    def send(self, _channel: int, data: bytes) -> None:
        """Of programs, only those of connectivity_probe are sent something: a task, which they answer."""
        if self._runs:
            task = json.loads(data)
            answers = json.dumps([{"status": 200, "body": "{}"} for _request in task["requests"]])
            self._pieces[0] = (execution.STDOUT, f"{task['marker']}{answers}{task['marker']}".encode())

    def receive(self, _deadline: float | None = None) -> tuple[int, bytes] | None:
        return self._pieces.pop(0) if self._pieces else None

    def close(self) -> None:
        """Nothing is left open."""

    request_close = shut_down = close


@pytest.fixture
def run(monkeypatch):
    """Runs a module with what rules give; returns the API server, and the module's result."""

    def run(name: str, rules: list[dict], check_mode: bool = False) -> tuple[GuardedApi, dict]:
        objects = [*OBJECTS, FORMER_VALUES] if name == "auth_reencrypt_forgotten" else OBJECTS
        api, module = GuardedApi(rules, objects), importlib.import_module(f"{MODULES}.{name.removesuffix('_forgotten')}")
        monkeypatch.setattr(Cluster, "connect", lambda _params: api.cluster())
        monkeypatch.setattr(Channels, "open", api.open_channels(Pod))
        monkeypatch.setattr(module, "RunbookModule", lambda spec, **settings: InProcessModule(spec, OPTIONS[name], check_mode=check_mode, **settings))
        with pytest.raises(ModuleExit) as ended:
            module.main()
        return api, ended.value.result

    return run


def without_verbs(module: str) -> list:
    """Each verb of each rule, with the rules that are left without it."""
    rules = rules_of(module)
    return [
        pytest.param(module, rule["resources"], verb, [{**one, "verbs": [each for each in one["verbs"] if one is not rule or each != verb]} for one in rules],
                     id=f"{module}-{verb}-{'+'.join(rule['resources'])}-{number}")
        for number, rule in enumerate(rules) for verb in rule["verbs"]
    ]


def test_every_role_is_checked():
    assert {file.stem for file in RIGHTS.glob("*.yml")} == {*OPTIONS, *ELSEWHERE}


@pytest.mark.parametrize("module", OPTIONS)
def test_a_role_is_enough_and_nothing_of_it_is_superfluous(run, module):
    api, result = run(module, rules_of(module))
    if module in AT_THE_DATABASE:
        assert result["failed"] and CLOSED in result["msg"], result
    else:
        assert "failed" not in result, result
    assert api.permissions - api.used == set()
    assert api.written == WRITTEN.get(module, [])


@pytest.mark.parametrize("module", WRITTEN)
def test_check_mode_requests_the_same_and_writes_nothing(run, module):
    api, result = run(module, rules_of(module), check_mode=True)
    assert result["changed"] and "failed" not in result, result
    assert api.written == []


@pytest.mark.parametrize(("module", "resources", "verb", "left"), [each for module in OPTIONS for each in without_verbs(module)])
def test_a_verb_that_is_missing_is_named_before_anything_is_written(run, module, resources, verb, left):
    assert permissions_of(left) < permissions_of(rules_of(module))
    api, result = run(module, left)
    assert result.get("failed") and re.search(rf'(Not allowed to|and|cannot) {verb} (resource ")?({"|".join(resources)})', result["msg"]), result
    assert CLOSED not in result["msg"], result
    assert api.written == [], result
