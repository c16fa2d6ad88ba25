# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sign-in that a changed secret broke, on the real application: the guide's incident, and places that differ."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator

import pytest
import requests
from todo_client import TodoClient

pytestmark = pytest.mark.phase("application")
DEPLOY = "playbooks/deploy.yml"
RECOVER = "playbooks/recover_auth.yml"
HOLDERS = ("frontend-secrets", "backend-api-secrets")
FRONTEND_PODS = ("-l", "app.kubernetes.io/name=frontend", "--ignore-errors")  # for kubectl logs: by its Deployment it may choose a pod that is ending
KEY, LIST_KEY = "better-auth-secret", "better-auth-secrets"


@pytest.fixture(scope="module", autouse=True)
def _signing(cluster, playbooks):
    """Begins and ends with an application that signs, whatever a test left: deploy.yml changes no secret that a playbook rotates.

    It has one secret, as in the guide: with the list of a rotation another value of it would break nothing.
    """
    data = json.loads(cluster.kubectl("get", "secret", HOLDERS[0], "-o", "json"))["data"]
    if LIST_KEY in data:
        cluster.kubectl("patch", "secret", HOLDERS[0], "--type=merge", "-p", json.dumps({"data": {LIST_KEY: None}}))
        restart(cluster, "frontend")
    playbooks.run(RECOVER, auth_keys_source=f"{HOLDERS[0]}/{KEY}").ok()
    yield
    playbooks.run(RECOVER, auth_keys_source=f"{HOLDERS[0]}/{KEY}").ok()
    playbooks.run(DEPLOY).ok()  # restarts what it takes for stale


@pytest.fixture(scope="module")
def person(addresses, _signing) -> TodoClient:
    """Somebody whose token was signed before anything happens, so that there is a key in use."""
    client = TodoClient.signed_up(*addresses)
    client.token()
    return client


def write_secret(cluster, name: str, value: str) -> None:
    data = {"data": {KEY: base64.b64encode(value.encode()).decode()}}
    cluster.kubectl("patch", "secret", name, "--type=merge", "--patch-file", "/dev/stdin", stdin=json.dumps(data))


def stored(cluster, name: str) -> str:
    return base64.b64decode(json.loads(cluster.kubectl("get", "secret", name, "-o", "json"))["data"][KEY]).decode()


def restart(cluster, name: str) -> None:
    cluster.kubectl("rollout", "restart", f"deployment/{name}")
    cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=300s")


def token_status(person: TodoClient) -> int:
    """The HTTP status of a token for a new session."""
    person.http.cookies.clear()
    person.sign_in()
    return person.http.get(f"{person.frontend}/api/auth/token", timeout=60).status_code


def generations(cluster) -> dict[str, int]:
    return {item["metadata"]["name"]: item["metadata"]["generation"] for item in cluster.objects("deployments,statefulsets")}


def test_the_guide_s_incident(cluster, playbooks, person, probe):
    """The secret was changed and the pods restarted: nobody gets a token any more, while the keys are still served."""
    old_token, new_secret = person.token(), secrets.token_urlsafe(32)
    for name in HOLDERS:
        write_secret(cluster, name, new_secret)
    for name in ("frontend", "backend-api"):
        restart(cluster, name)
    assert token_status(person) == 500
    assert requests.get(f"{person.frontend}/api/auth/jwks", timeout=60).status_code == 200
    assert "Failed to decrypt private key" in cluster.kubectl("logs", *FRONTEND_PODS, "--tail=200")

    before = generations(cluster)
    check = playbooks.run(RECOVER, "--check", "--diff", *probe).ok()
    assert "would be retired" in check.output and token_status(person) == 500
    done = playbooks.run(RECOVER, *probe, "-vvvv").ok()
    assert "Verified: sign-in works and the backend accepts the token." in done.output, done.output[-3000:]
    hidden = (new_secret, person.password, old_token)
    assert [value for value in hidden if value in done.output or base64.b64encode(value.encode()).decode() in done.output] == []
    assert token_status(person) == 200 and person.tasks() == []
    assert generations(cluster) == before, "nothing ran with another secret, so nothing is restarted"
    answer = requests.get(f"{person.backend}/api/tasks", headers={"Authorization": f"Bearer {old_token}"}, timeout=60)
    assert answer.status_code == 200, "the retired key's public part is still served, so its tokens are accepted"
    assert playbooks.run(RECOVER, *probe).ok().recap["changed"] == 0


@pytest.fixture
def bare_reader(cluster, busybox_image) -> Iterator[str]:
    """A pod without a controller that reads the secret."""
    source = {"secretKeyRef": {"name": HOLDERS[0], "key": KEY}}
    env = [{"name": "SECRET", "valueFrom": source}]
    container = {"name": "app", "image": busybox_image, "imagePullPolicy": "IfNotPresent", "command": ["sleep", "3600"], "env": env}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare-reader"}, "spec": spec}
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    cluster.kubectl("wait", "pod/bare-reader", "--for=condition=Ready", "--timeout=300s")
    yield "Pod/bare-reader"
    cluster.kubectl("delete", "pod", "bare-reader")


def test_pods_that_still_run_with_the_former_secret_come_first(cluster, playbooks, person, probe, bare_reader):
    """They sign with a key that the next start can't read, so they are restarted before the keys are read."""
    new_secret = secrets.token_urlsafe(32)
    for name in HOLDERS:
        write_secret(cluster, name, new_secret)
    before = generations(cluster)
    check = playbooks.run(RECOVER, "--check", *probe).ok()
    assert "would be restarted" in check.output and "would be retired" in check.output, check.output[-3000:]
    assert generations(cluster) == before
    done = playbooks.run(RECOVER, *probe).ok()
    assert "Verified: sign-in works and the backend accepts the token." in done.output, done.output[-3000:]
    assert f"{bare_reader} still use a different secret and are not managed by a controller" in " ".join(done.output.split()), done.output[-3000:]
    after = generations(cluster)
    assert {name for name in after if after[name] != before[name]} == {"frontend", "backend-api"}
    assert "recover sign-in: restart (by " in cluster.kubectl("rollout", "history", "deployment/frontend")
    assert token_status(person) == 200
    assert playbooks.run(RECOVER, *probe).ok().recap["changed"] == 0


def test_locations_that_differ_are_refused_until_the_source_is_set(cluster, playbooks, person, probe):
    right = stored(cluster, HOLDERS[0])
    write_secret(cluster, HOLDERS[1], f"{right}\n")
    refused = playbooks.run(RECOVER, *probe)
    output = " ".join(refused.output.split())
    assert refused.status != 0 and "ends with a newline" in output, refused.output[-3000:]
    assert f"-e auth_keys_source={HOLDERS[0]}/{KEY} or {HOLDERS[1]}/{KEY}" in output, refused.output[-3000:]
    unknown = playbooks.run(RECOVER, *probe, auth_keys_source=f"{HOLDERS[0]}/kye")
    assert unknown.status != 0 and f"must be one of {HOLDERS[0]}/{KEY}, " in " ".join(unknown.output.split()), unknown.output[-3000:]
    assert stored(cluster, HOLDERS[1]) == f"{right}\n"
    check = playbooks.run(RECOVER, "--check", *probe, auth_keys_source=f"{HOLDERS[0]}/{KEY}").ok()
    assert f"Secrets would be synchronized: {HOLDERS[1]}" in check.output and stored(cluster, HOLDERS[1]) == f"{right}\n"
    done = playbooks.run(RECOVER, *probe, auth_keys_source=f"{HOLDERS[0]}/{KEY}").ok()
    assert stored(cluster, HOLDERS[1]) == right and f"Secrets were synchronized: {HOLDERS[1]}" in done.output
    assert playbooks.run(RECOVER, *probe).ok().recap["changed"] == 0


def test_a_probe_account_that_can_not_sign_in_is_distinguished_from_a_broken_key(playbooks, person, tmp_path):
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps({"auth_keys_probe": {"email": person.email, "password": "hunter2-planted"}}))
    wrong = playbooks.run(RECOVER, "-e", f"@{file}", "-vvv")
    output = " ".join(wrong.output.split())
    assert wrong.status != 0 and "sign_in: " in output and "answers with HTTP status 401" in output, wrong.output[-3000:]
    assert "wrong credentials of the probe account" in output, wrong.output[-3000:]
    assert "hunter2-planted" not in wrong.output


def test_an_account_for_the_occasion_is_removed_again(cluster, playbooks, person):
    def accounts() -> list[str]:
        return cluster.kubectl("exec", "postgres-0", "--", "psql", "-U", "todo", "-d", "todo", "-At", "-c", 'SELECT email FROM "user"').splitlines()

    before = accounts()
    done = playbooks.run(RECOVER, "-vvvv", auth_keys_probe_create=True).ok()
    assert "Verified: sign-in works and the backend accepts the token." in done.output, done.output[-3000:]
    assert "step: sign_up" in done.output and accounts() == before, done.output[-3000:]


def test_without_an_account_the_keys_themselves_are_the_proof(playbooks, person):
    assert "The active key can be decrypted." in playbooks.run(RECOVER).ok().output
