# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Roles in docs/rights are enough for their modules, and with one rule less the module says which right is missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from harness import CHECKOUT, TestCluster
from modules import run_module
from todo_client import TodoClient

pytestmark = [pytest.mark.phase("beside", "rights"), pytest.mark.no_rerun]
RIGHTS = CHECKOUT / "docs/rights"
USER = "runbook-rights"
DATABASE = {"secret": "backend-api-secrets", "key": "database-url"}
SIGNERS = [{"workload": "Deployment/frontend"}]
SECRET = {"secret": "frontend-secrets", "key": "better-auth-secret"}
COPY = {"secret": "backend-api-secrets", "key": "better-auth-secret"}
# What each module is asked for; nothing of it changes a healthy application.
ASKED = {
    "auth_probe": {"create": True, "database": DATABASE},
    "auth_reencrypt": {"database": DATABASE, "signers": SIGNERS},
    "auth_rotation": {**SECRET, "list_key": "better-auth-secrets", "former_key": "better-auth-secret-former", "signers": SIGNERS, "step": "finish"},
    "connectivity_probe": {"workloads": [{"kind": "Deployment", "name": "backend-api"}]},
    "jwks_cleanup": {"database": DATABASE, "signers": SIGNERS},
    "jwks_info": {"database": DATABASE, "signers": SIGNERS},
    "secret_compare": {"places": [{**SECRET, "readers": True}, COPY]},
    "secret_copy": {"source": SECRET, "destinations": [COPY]},
}
ALIKE = ("auth_probe", "auth_reencrypt", "jwks_cleanup", "secret_compare")  # which ask as another module of the table does


@dataclass
class User:
    """A user of the cluster that may do what one Role allows."""

    cluster: TestCluster
    kubeconfig: Path

    def may(self, role: dict, without: int | None = None) -> None:
        """Gives it the rules of a Role, but for one."""
        rules = [rule for number, rule in enumerate(role["rules"]) if number != without]
        given = {**role, "metadata": {"name": USER}, "rules": rules}
        self.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(given))

    def run(self, module: str, *options: str) -> dict:
        return run_module(module, *options, kubeconfig=str(self.kubeconfig), **ASKED[module])


@pytest.fixture(scope="module")
def user(cluster, tmp_path_factory):
    """A service account with a kubeconfig of its own."""
    cluster.kubectl("create", "serviceaccount", USER)
    cluster.kubectl("create", "rolebinding", USER, f"--role={USER}", f"--serviceaccount=default:{USER}")
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--flatten", "--minify", "-o", "json"))
    config["users"][0]["user"] = {"token": cluster.kubectl("create", "token", USER).strip()}
    file = tmp_path_factory.mktemp("rights") / "kubeconfig"
    file.write_text(json.dumps(config))
    yield User(cluster, file)
    for kind in ("rolebinding", "role", "serviceaccount"):
        cluster.kubectl("delete", kind, USER)


@pytest.fixture(scope="module", autouse=True)
def _asked(addresses):
    """Somebody has asked for a token, so that there is a key; and where the application answers."""
    person = TodoClient(*addresses)
    person.sign_up()
    person.token()
    ASKED["auth_probe"] |= {"url": f"{addresses[0]}/api/auth", "verify_url": f"{addresses[1]}/api/tasks"}


def role_of(module: str) -> dict:
    return yaml.safe_load((RIGHTS / f"{module}.yml").read_text())


def test_every_role_is_tried():
    elsewhere = {"dapr_recovery"}  # by test_dapr_rights.py
    assert {file.stem for file in RIGHTS.glob("*.yml")} == {*ASKED, *elsewhere}


@pytest.mark.parametrize("module", sorted(ASKED))
def test_the_role_is_enough(user, module):
    user.may(role_of(module))
    done = user.run(module)
    assert not done["failed"] and not done["changed"], done


@pytest.mark.parametrize("module", [pytest.param(name, marks=pytest.mark.long if name in ALIKE else ()) for name in sorted(ASKED)])
def test_each_rule_is_needed_and_named(user, module):
    role = role_of(module)
    for number, rule in enumerate(role["rules"]):
        user.may(role, without=number)
        refused = user.run(module)
        assert refused["failed"] and rule["resources"][0] in refused["msg"], (rule, refused)
