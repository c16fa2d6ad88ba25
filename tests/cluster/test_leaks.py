# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No secret and no private key is in anything that recovery and rotation leave; and one that is put there is found."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from urllib.parse import unquote, urlsplit

from leaks import Traces, found_in
from roles import Roles
from todo_client import TodoClient

RECOVER, ROTATE, DAPR = "playbooks/recover_auth.yml", "playbooks/rotate_secret.yml", "playbooks/recover_dapr.yml"
PLANTED = 'planted "value" & more: äö/+='


def secrets_of(cluster, when: str) -> dict[str, str]:
    """The secrets of the application and its private keys, by a name that may be printed."""
    data = json.loads(cluster.kubectl("get", "secret", "frontend-secrets", "-o", "json"))["data"]
    values = {key: base64.b64decode(value).decode() for key, value in data.items()}
    keys = cluster.kubectl("exec", "postgres-0", "--", "psql", "-U", "todo", "-d", "todo", "-Atc", 'SELECT "privateKey" FROM jwks').splitlines()
    found = {f"{when}: secret": values["better-auth-secret"], f"{when}: database": unquote(urlsplit(values["database-url"]).password)}
    found |= {f"{when}: list {number}": part.partition(":")[2] for number, part in enumerate(values.get("better-auth-secrets", "").split(",")) if part}
    return found | {f"{when}: key {number}": key.strip('"') for number, key in enumerate(keys)}


def issuer_key(cluster) -> str:
    """A line of the private key of Dapr's issuer."""
    data = json.loads(cluster.kubectl("get", "secret", "dapr-trust-bundle", "-n", "dapr-system", "-o", "json"))["data"]
    return base64.b64decode(data["issuer.key"]).decode().splitlines()[1]


def test_recovery_and_rotation_leave_no_secret_anywhere(cluster, addresses, tmp_path):
    person = TodoClient(*addresses)
    person.sign_up()
    person.token()
    values = secrets_of(cluster, "before")
    with Traces(tmp_path) as traces:
        runs = Roles(shell=traces.shell)
        traces.keep("rotate", runs.run(ROTATE, "-vvvv", "--diff").ok().output)
        told = Roles(shell={**traces.shell, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"})
        traces.keep("dapr", runs.run(DAPR, "-vvvv", "--diff").ok().output)
        traces.keep("recover", told.run(RECOVER, "-vvvv", "--diff", auth_keys_probe_create=True).ok().output)
    traces.collect(cluster)
    values |= secrets_of(cluster, "after") | {"issuer's key": issuer_key(cluster)}
    kept = {file.name for file in tmp_path.rglob("*") if file.is_file()}
    assert {"ansible.log", "rotate", "recover", "processes", "events"} <= kept and any(name.startswith("AnsiballZ_") for name in kept), kept
    assert list((tmp_path / "junit").iterdir()), "the callback junit has left nothing"
    assert len(values) >= 6 and found_in(tmp_path, values) == []


def test_a_leak_is_found(cluster, busybox_image, tmp_path):
    """Each in a place and a form of its own: the positive control."""
    playbook = tmp_path / "leak.yml"
    told = {"name": "Leak", "ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.env', 'PLANTED') | b64encode }}"}}
    playbook.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [told]}]))
    folder = tmp_path / "traces"
    folder.mkdir()
    with Traces(folder) as traces:
        Roles(shell={**traces.shell, "PLANTED": PLANTED}).run(str(playbook)).ok()
        subprocess.run([sys.executable, "-c", "import time; time.sleep(1)", PLANTED], check=True)
    cluster.kubectl("run", "leak", "--image", busybox_image, "--image-pull-policy=IfNotPresent", "--restart=Never", "--", "echo", PLANTED)
    cluster.kubectl("wait", "pod/leak", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
    traces.collect(cluster)
    cluster.kubectl("delete", "pod", "leak")
    assert set(found_in(folder, {"planted": PLANTED})) >= {("planted", "ansible.log"), ("planted", "processes"), ("planted", "log-leak")}
