# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No secret and no private key is in anything that recoveries leave; and one that is put there is found.

A rotation is checked for leaks where it runs anyway, in test_rotate_secret.py.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from own_user import OwnUser, own_user
from secret_scan import Traces, found_in, secrets_of
from todo_client import TodoClient

from roles import Roles

pytestmark = [pytest.mark.phase("application"), pytest.mark.no_rerun]
RECOVER, DAPR = "playbooks/recover_auth.yml", "playbooks/recover_dapr.yml"
PLANTED = 'planted "value" & more: äö/+='


def issuer_key(cluster) -> str:
    """A line of the private key of Dapr's issuer."""
    data = json.loads(cluster.kubectl("get", "secret", "dapr-trust-bundle", "-n", "dapr-system", "-o", "json"))["data"]
    return base64.b64decode(data["issuer.key"]).decode().splitlines()[1]


@pytest.fixture
def person(addresses) -> TodoClient:
    """Somebody who has a token, so that there is a key."""
    client = TodoClient.signed_up(*addresses)
    client.token()
    return client


def leaks_of(cluster, person: TodoClient, user: OwnUser, folder: Path) -> list[tuple[str, str]]:
    """Where the values are found: of Secrets, of the database, of the kubeconfig, and of the options.

    ANSIBLE_KEEP_REMOTE_FILES leaves the options of any module, with those that it hides elsewhere, so these are not searched in there.
    """
    values = {**secrets_of(cluster, "now"), "issuer's key": issuer_key(cluster), "token in the kubeconfig": user.token}
    assert {"now: secret", "now: database", "now: key 0"} <= set(values), set(values)
    of_options = found_in(folder, {"password in the options": person.password})
    return [*found_in(folder, values), *((name, file) for name, file in of_options if not file.startswith("AnsiballZ_"))]


def test_recoveries_leave_no_secret_anywhere(cluster, person, probe, tmp_path):
    folder = tmp_path / "traces"
    folder.mkdir()
    with Traces(folder) as traces:
        user = own_user(cluster, "runbook-test-leaks", tmp_path, shell=traces.shell)
        traces.keep("recover", user.run(RECOVER, "-vvvv", "--diff", *probe).ok().output)
        user.shell["ANSIBLE_STDOUT_CALLBACK"] = "ansible.posix.json"
        traces.keep("dapr", user.run(DAPR, "-vvvv", "--diff", dapr_app_namespaces=["default"]).ok().output)
    traces.collect(cluster)
    assert {"ansible.log", "dapr", "recover", "processes", "events"} <= traces.files(), traces.files()
    assert list((folder / "junit").iterdir()), "the callback junit has left nothing"
    assert leaks_of(cluster, person, user, folder) == []


@pytest.mark.parametrize("end", ["oldest", pytest.param("next", marks=pytest.mark.long)])
def test_a_recovery_leaves_no_secret_with_another_ansible(cluster, person, probe, tmp_path, end):
    folder = tmp_path / "traces"
    folder.mkdir()
    with Traces(folder) as traces:
        user = own_user(cluster, "runbook-test-leaks", tmp_path, shell=traces.shell, end=end)
        traces.keep("recover", user.run(RECOVER, "-vvvv", "--diff", *probe).ok().output)
    assert {"ansible.log", "recover", "processes"} <= traces.files()
    assert leaks_of(cluster, person, user, folder) == []


def test_a_leak_is_found(cluster, busybox_image, tmp_path):
    """Each in a place and a form of its own: the positive control."""
    playbook = tmp_path / "leak.yml"
    task = {"name": "Leak", "ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.env', 'PLANTED') | b64encode }}"}}
    playbook.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]))
    folder = tmp_path / "traces"
    folder.mkdir()
    with Traces(folder) as traces:
        Roles(shell={**traces.shell, "PLANTED": PLANTED}).run(str(playbook)).ok()
        subprocess.run([sys.executable, "-c", "import time; time.sleep(3)", PLANTED], check=True)
    cluster.kubectl("run", "leak", "--image", busybox_image, "--image-pull-policy=IfNotPresent", "--restart=Never", "--", "echo", PLANTED)
    cluster.kubectl("wait", "pod/leak", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=300s")
    traces.collect(cluster)
    cluster.kubectl("delete", "pod", "leak")
    assert set(found_in(folder, {"planted": PLANTED})) >= {("planted", "ansible.log"), ("planted", "processes"), ("planted", "log-leak")}
