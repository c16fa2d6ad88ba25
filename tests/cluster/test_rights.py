# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Roles in docs/rights are enough for their modules on a real API server, and without a part the module names the missing right.

That nothing of a Role is superfluous, and what each single verb is for, is tested without a cluster: tests/unit/rights.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from harness import CHECKOUT, TestCluster
from modules import run_module
from todo_client import TodoClient

pytestmark = [pytest.mark.phase("beside", "rights"), pytest.mark.no_rerun]
ON_THE_APPLICATION = pytest.mark.phase("application")
RIGHTS = CHECKOUT / "docs/rights"
RUN = uuid.uuid4().hex[:6]
USER = f"runbook-rights-{RUN}"
NAMESPACE = f"runbook-test-rights-{RUN}"  # of the objects that are written
DATABASE = {"secret": "backend-api-secrets", "key": "database-url"}
AUTH_SERVERS = [{"workload": "Deployment/frontend"}]
SECRET = {"secret": "frontend-secrets", "key": "better-auth-secret"}
COPY = {"secret": "backend-api-secrets", "key": "better-auth-secret"}
KEYS = {"versions_key": "better-auth-secrets", "previous_secret_key": "better-auth-secret-previous"}
ROTATION = {**SECRET, **KEYS, "auth_servers": AUTH_SERVERS, "versioned": True}
# The options of the modules that need the application; nothing of it changes a healthy one.
OF_THE_APPLICATION = {
    "auth_probe": {"create": True, "database": DATABASE},
    "auth_reencrypt": {"database": DATABASE, "auth_servers": AUTH_SERVERS},
    "auth_secret_sync": {"locations": [SECRET, COPY], "versions_key": "better-auth-secrets", "auth_servers": AUTH_SERVERS, "database": DATABASE},
    "connectivity_probe": {"workloads": [{"kind": "Deployment", "name": "backend-api"}]},
    "http_health_info": {"checks": [{"name": "frontend", "service": "frontend", "path": "/api/health", "via": "forward"}]},
    "jwks_cleanup": {"database": DATABASE, "auth_servers": AUTH_SERVERS},
    "jwks_info": {"database": DATABASE, "auth_servers": AUTH_SERVERS},
    "request_duplicates_info": {"database": DATABASE, "table": "task", "columns": ["user_id", "title"]},
}
# And the others, on objects of their own.
OF_THEIR_OWN = {
    "auth_rotation": {**ROTATION, "copies": [COPY], "step": "add"},
    "secret_compare": {"locations": [{**SECRET, "check_consumers": True, "check_former": True}, COPY]},
    "secret_copy": {"source": SECRET, "destinations": [COPY]},
    "dapr_resources_info": {},
    "pod_logs_info": {"workloads": [{"kind": "Deployment", "name": "frontend"}]},
    "rollout_history_info": {"workloads": [{"kind": "Deployment", "name": "frontend"}]},
}
WRITTEN = {"auth_rotation": "frontend-secrets", "secret_copy": "backend-api-secrets"}
# Those that send the requests of another module of the tables.
ALIKE = ("auth_probe", "auth_reencrypt", "auth_secret_sync", "jwks_cleanup", "request_duplicates_info", "secret_compare")


@dataclass
class User:
    """A user of the cluster that may do what one Role allows."""

    cluster: TestCluster
    kubeconfig: Path

    def may(self, rules: list[dict], namespace: str) -> None:
        """Sets these rules in a namespace, and no others there."""
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": USER}, "rules": rules}
        self.cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(role))

    def run(self, module: str, namespace: str, **options) -> dict:
        return run_module(module, kubeconfig=str(self.kubeconfig), namespace=namespace, **options)


@dataclass
class Own:
    """Two Secrets, and an auth server that runs with what the first holds."""

    cluster: TestCluster
    auth_server: dict

    def begin(self) -> dict[str, dict]:
        """Makes the Secrets as they are before each test, without former values, and returns what they hold."""
        self.cluster.kubectl("delete", "secret", "-n", NAMESPACE, "-l", "runbook.minikube/former-values")
        for name, text in (("frontend-secrets", "the-secret-of-the-server-of-40-letters-or-so"), ("backend-api-secrets", "another one")):
            secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"better-auth-secret": text}}
            self.cluster.kubectl("replace", "--force", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(secret))
        self.cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(self.auth_server))
        self.cluster.kubectl("rollout", "status", "deployment/frontend", "-n", NAMESPACE, "--timeout=300s")
        return self.secrets()

    def secrets(self) -> dict[str, dict]:
        found = self.cluster.objects("secrets", NAMESPACE)
        return {secret["metadata"]["name"]: secret["data"] for secret in found if secret["metadata"]["name"] in WRITTEN.values()}


def auth_server(image: str) -> dict:
    """A Deployment that takes both variables from the Secret, as Better Auth does, and reads the other Secret too."""
    keys = {"BETTER_AUTH_SECRET": "better-auth-secret", "BETTER_AUTH_SECRETS": "better-auth-secrets"}
    env = [{"name": name, "valueFrom": {"secretKeyRef": {"name": "frontend-secrets", "key": key, "optional": True}}} for name, key in keys.items()]
    env.append({"name": "COPIED", "valueFrom": {"secretKeyRef": {"name": "backend-api-secrets", "key": "better-auth-secret"}}})
    container = {"name": "app", "image": image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "100000"], "env": env}
    template = {"metadata": {"labels": {"app": "frontend"}}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}
    spec = {"selector": {"matchLabels": {"app": "frontend"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "frontend"}, "spec": spec}


@pytest.fixture(scope="module")
def own(cluster, busybox_image) -> Iterator[Own]:
    """A namespace for the objects."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    yield Own(cluster, auth_server(busybox_image))
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(scope="module")
def user(cluster, own, tmp_path_factory) -> Iterator[User]:
    """A service account with a kubeconfig of its own, bound to the Role in both namespaces."""
    cluster.kubectl("create", "serviceaccount", USER, "-n", NAMESPACE)
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": USER}
    subjects = [{"kind": "ServiceAccount", "name": USER, "namespace": NAMESPACE}]
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": USER}, "roleRef": reference, "subjects": subjects}
    for namespace in ("default", NAMESPACE):
        cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(binding))
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--flatten", "--minify", "-o", "json"))
    config["users"][0]["user"] = {"token": cluster.kubectl("create", "token", USER, "-n", NAMESPACE).strip()}
    file = tmp_path_factory.mktemp("rights") / "kubeconfig"
    file.write_text(json.dumps(config))
    yield User(cluster, file)
    for kind in ("rolebinding", "role"):
        cluster.kubectl("delete", kind, USER, "--ignore-not-found")


@pytest.fixture(scope="module")
def module_options(addresses) -> dict[str, dict]:
    """The options of the application's modules. A token was requested, so that there is a key."""
    person = TodoClient.signed_up(*addresses)
    person.token()
    urls = {"url": f"{addresses[0]}/api/auth", "verify_url": f"{addresses[1]}/api/tasks"}
    return {**OF_THE_APPLICATION, "auth_probe": {**OF_THE_APPLICATION["auth_probe"], **urls}}


def rules_of(module: str) -> list[dict]:
    return yaml.safe_load((RIGHTS / f"{module}.yml").read_text())["rules"]


def without_a_verb(module: str) -> list:
    """Each verb of each rule, with the rules that are left without it."""
    rules, marks = rules_of(module), pytest.mark.long if module in ALIKE else ()
    return [
        pytest.param(module, rule["resources"][0], verb, left_without(rules, rule, verb), id=f"{module}-{verb}-{rule['resources'][0]}-{number}", marks=marks)
        for number, rule in enumerate(rules) for verb in rule["verbs"]
    ]


def left_without(rules: list[dict], rule: dict, verb: str) -> list[dict]:
    left = [{**one, "verbs": [each for each in one["verbs"] if each != verb]} if one is rule else one for one in rules]
    return [one for one in left if one["verbs"]]


def test_every_role_is_tried():
    # By test_dapr_rights.py, test_port_forward.py, tests/unit/rights.
    elsewhere = {"dapr_recovery", "dapr_recovery_new_ca", "port_forward", "auth_reencrypt_forgotten", "nodejs_network_options", "event_dedup",
                 "service_endpoints_info"}  # fmt: skip
    assert {file.stem for file in RIGHTS.glob("*.yml")} == {*OF_THE_APPLICATION, *OF_THEIR_OWN, *elsewhere}


@ON_THE_APPLICATION
@pytest.mark.parametrize("module", OF_THE_APPLICATION)
def test_the_role_is_enough_in_the_application(user, module_options, module):
    user.may(rules_of(module), "default")
    done = user.run(module, "default", **module_options[module])
    assert not done["failed"] and not done["changed"], done


@pytest.mark.parametrize("module", OF_THEIR_OWN)
def test_the_role_is_enough_to_write(user, own, module):
    before = own.begin()
    user.may(rules_of(module), NAMESPACE)
    done = user.run(module, NAMESPACE, **OF_THEIR_OWN[module])
    assert not done["failed"] and done["changed"] == (module in WRITTEN), done
    assert [name for name, data in own.secrets().items() if data != before[name]] == ([WRITTEN[module]] if module in WRITTEN else [])


# Rule by rule, as a connection to a pod takes another verb on an older Kubernetes than on a newer one.
@ON_THE_APPLICATION
@pytest.mark.parametrize("module", [pytest.param(name, marks=pytest.mark.long if name in ALIKE else ()) for name in OF_THE_APPLICATION])
def test_each_rule_is_needed_and_named(user, module_options, module):
    rules = rules_of(module)
    assert rules
    for number, rule in enumerate(rules):
        user.may([*rules[:number], *rules[number + 1:]], "default")
        refused = user.run(module, "default", **module_options[module])
        assert refused["failed"] and rule["resources"][0] in refused["msg"], (rule, refused)


@pytest.mark.parametrize(("module", "resource", "verb", "left"), [each for module in OF_THEIR_OWN for each in without_a_verb(module)])
def test_each_verb_is_needed_and_named_before_anything_is_written(user, own, module, resource, verb, left):
    before = own.begin()
    user.may(left, NAMESPACE)
    refused = user.run(module, NAMESPACE, **OF_THEIR_OWN[module])
    assert refused["failed"] and re.search(rf'(Not allowed to|and|cannot) {verb} (resource ")?{resource}', refused["msg"]), refused
    assert own.secrets() == before
