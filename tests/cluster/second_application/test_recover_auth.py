# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sign-in that a changed secret broke, on the real application: the guide's incident and its variants, and places that differ.

Each ends with a fresh cookie and a fresh token accepted, the former values kept, and a second run that changes nothing.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from todo_client import TodoClient

pytestmark = pytest.mark.phase("second_application")
DEPLOY = "playbooks/deploy.yml"
RECOVER = "playbooks/recover_auth.yml"
ROTATE = "playbooks/rotate_secret.yml"
HOLDERS = ("frontend-secrets", "backend-api-secrets")
FRONTEND_PODS = ("-l", "app.kubernetes.io/name=frontend", "--ignore-errors")  # for kubectl logs: by its Deployment it may choose a pod that is ending
KEY, LIST_KEY = "better-auth-secret", "better-auth-secrets"
PATIENCE = 120  # seconds
MARK = "runbook.minikube/rotation"
DEPLOYMENTS = dict(zip(HOLDERS, ("frontend", "backend-api")))
VERIFIED = "Verified: sign-in works and the backend accepts the token and the session cookie."


@pytest.fixture(scope="module", autouse=True)
def _signing(cluster, playbooks):
    """Begins and ends with an application that signs, whatever a test left: deploy.yml changes no secret that a playbook rotates.

    It has one secret, as in the guide: with the list of a rotation another value of it would break nothing.
    """
    for name in HOLDERS:
        remove_list(cluster, name)
    playbooks.run(RECOVER, auth_keys_source=f"{HOLDERS[0]}/{KEY}", auth_keys_force=True).ok()
    yield
    if "," in values_of(cluster, HOLDERS[0]).get(LIST_KEY, ""):
        playbooks.run(ROTATE).ok()  # ends an unfinished one
    playbooks.run(DEPLOY).ok()  # restarts what it takes for stale


@pytest.fixture(scope="module")
def person(addresses, _signing) -> TodoClient:
    """Somebody whose token was signed before anything happens, so that there is a key in use."""
    client = TodoClient.signed_up(*addresses)
    client.token()
    return client


def remove_list(cluster, name: str) -> None:
    cluster.kubectl("patch", "secret", name, "--type=merge", "-p", json.dumps({"data": {LIST_KEY: None}, "metadata": {"annotations": {MARK: None}}}))


def write_secret(cluster, name: str, value: str, key: str = KEY) -> None:
    data = {"data": {key: base64.b64encode(value.encode()).decode()}}
    cluster.kubectl("patch", "secret", name, "--type=merge", "--patch-file", "/dev/stdin", stdin=json.dumps(data))


def values_of(cluster, name: str) -> dict[str, str]:
    """A Secret's values, none where there is no such Secret."""
    found = cluster.kubectl("get", "secret", name, "--ignore-not-found", "-o", "json")
    return {key: base64.b64decode(value).decode() for key, value in (json.loads(found).get("data") or {}).items()} if found else {}


def stored(cluster, name: str, key: str = KEY) -> str:
    return values_of(cluster, name)[key]


def former(cluster) -> set[str]:
    """All values that were kept."""
    return {value for name in HOLDERS for value in values_of(cluster, f"{name}-former").values()}


def restart(cluster, name: str) -> None:
    cluster.kubectl("rollout", "restart", f"deployment/{name}")
    cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=300s")


def token_status(person: TodoClient) -> int:
    """The HTTP status of a token for a new session."""
    person.http.cookies.clear()
    person.sign_in()
    return person.http.get(f"{person.frontend}/api/auth/token", timeout=60).status_code


def statuses(person: TodoClient) -> tuple[int, int]:
    """The HTTP statuses of a token, and of a fresh cookie at the backend, for a new session."""
    token = token_status(person)
    return token, person.http.get(f"{person.backend}/api/tasks", timeout=60).status_code


def wait_for(person: TodoClient, expected: tuple[int, int]) -> None:
    """Until both statuses are as expected: a pod that is terminating may answer for a moment."""
    deadline = time.monotonic() + PATIENCE
    while (found := statuses(person)) != expected:
        assert time.monotonic() < deadline, f"{found} instead of {expected}"
        time.sleep(1)


def words_of(run) -> str:
    """The output without its line breaks."""
    return " ".join(run.output.split())


def recovered(cluster, playbooks, person, probe, **variables) -> str:
    """Runs a recovery that has to end well, and returns its output: a fresh cookie and token are accepted, and a second run changes nothing."""
    done = playbooks.run(RECOVER, *probe, **variables).ok()
    assert VERIFIED in words_of(done) and statuses(person) == (200, 200), done.output[-3000:]
    second = playbooks.run(RECOVER, *probe).ok()
    assert second.recap["changed"] == 0, second.output[-3000:]
    return words_of(done)


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
    assert VERIFIED in words_of(done), done.output[-3000:]
    hidden = (new_secret, person.password, old_token)
    assert [value for value in hidden if value in done.output or base64.b64encode(value.encode()).decode() in done.output] == []
    assert statuses(person) == (200, 200) and person.tasks() == []
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
    """They sign with a key that the next start can't read, so they are restarted before the keys are read; what only they have is kept first."""
    old_secret, new_secret = stored(cluster, HOLDERS[0]), secrets.token_urlsafe(32)
    for name in HOLDERS:
        write_secret(cluster, name, new_secret)
    assert statuses(person) == (200, 200), "the application works"
    before = generations(cluster)
    check = playbooks.run(RECOVER, "--check", *probe).ok()
    assert "would be restarted" in check.output and "would be retired" in check.output, check.output[-3000:]
    assert "Sign-in works today" in words_of(check) and "auth_keys_source=auth_servers" in words_of(check), check.output[-3000:]
    assert generations(cluster) == before
    done = playbooks.run(RECOVER, *probe).ok()
    assert VERIFIED in words_of(done), done.output[-3000:]
    assert f"{bare_reader} still use a different secret and are not managed by a controller" in " ".join(done.output.split()), done.output[-3000:]
    after = generations(cluster)
    assert {name for name in after if after[name] != before[name]} == {"frontend", "backend-api"}
    assert "recover sign-in: restart (by " in cluster.kubectl("rollout", "history", "deployment/frontend")
    assert statuses(person) == (200, 200) and old_secret in former(cluster)
    assert words_of(done).index("Sign-in works today") < words_of(done).index("Restart workloads")
    assert playbooks.run(RECOVER, *probe).ok().recap["changed"] == 0


def test_what_works_today_is_kept_where_it_is_chosen(cluster, playbooks, person, probe):
    """The Secrets were changed by mistake: the secret that the running pods have is written back, and nobody signs in again."""
    right, wrong, token = stored(cluster, HOLDERS[0]), secrets.token_urlsafe(32), person.token()
    for name in HOLDERS:
        write_secret(cluster, name, wrong)
    before = generations(cluster)
    recovered(cluster, playbooks, person, probe, auth_keys_source="auth_servers")
    assert [stored(cluster, name) for name in HOLDERS] == [right, right] and generations(cluster) == before and wrong in former(cluster)
    assert requests.get(f"{person.backend}/api/tasks", headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code == 200


@pytest.fixture
def places(cluster, person) -> Iterator[list[dict[str, str]]]:
    """The values before a test, which are written back where it leaves a sign-in that does not work."""
    before = [values_of(cluster, name) for name in HOLDERS]
    yield before
    if statuses(person) != (200, 200):
        for name, values in zip(HOLDERS, before):
            for key in {KEY, LIST_KEY} & values.keys():
                write_secret(cluster, name, values[key], key)
            restart(cluster, DEPLOYMENTS[name])


@dataclass(frozen=True)
class Change:
    """Another value in some Secrets. ``symptom``: the statuses of a token and a fresh cookie before the recovery, None where either may be right.

    ``wrong``: a choice that is refused; ``source``: the right one, "" where none is needed; ``key``: which value.
    """

    name: str
    holders: tuple[str, ...]
    restarted: bool = True
    symptom: tuple[int, int] | None = None
    source: str = ""
    wrong: str = ""
    key: str = KEY

    def make(self, cluster) -> str:
        """Writes the other value, and restarts what has it where that is requested."""
        value = secrets.token_urlsafe(32)
        for name in self.holders:
            write_secret(cluster, name, value if self.key == KEY else f"{stored(cluster, name, self.key).split(':')[0]}:{value}", self.key)
        for name in self.holders if self.restarted else ():
            restart(cluster, DEPLOYMENTS[name])
        return value


FRONTEND, BACKEND = (f"{name}/{KEY}" for name in HOLDERS)
CHANGES = [
    Change("backend", HOLDERS[1:], symptom=(200, 401), source=FRONTEND, wrong=BACKEND),
    Change("frontend", HOLDERS[:1], symptom=(500, 401), source=BACKEND, wrong=FRONTEND),
    Change("frontend, not restarted", HOLDERS[:1], restarted=False, symptom=(200, 200), source=BACKEND, wrong=FRONTEND),
    Change("backend, not restarted", HOLDERS[1:], restarted=False, symptom=(200, 200), source=FRONTEND, wrong=BACKEND),
]
# After a rotation the list decides what signs.
LATER = [
    Change("the frontend's single secret", HOLDERS[:1], symptom=(200, 200), wrong=FRONTEND),
    Change("the frontend's list", HOLDERS[:1], symptom=(500, 401), source=BACKEND, wrong=f"{HOLDERS[0]}/{LIST_KEY}", key=LIST_KEY),
    Change("the backend's single secret", HOLDERS[1:], wrong=BACKEND),
    Change("both single secrets", HOLDERS, wrong=FRONTEND),
    Change("both single secrets, not restarted", HOLDERS, restarted=False, symptom=(200, 200), wrong=FRONTEND),
    Change("the frontend's list, not restarted", HOLDERS[:1], False, (200, 200), BACKEND, f"{HOLDERS[0]}/{LIST_KEY}", LIST_KEY),
]


@pytest.mark.long
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_one_place_was_changed(cluster, playbooks, person, probe, places, change):
    check_recovery(cluster, playbooks, person, probe, places, change)


def check_recovery(cluster, playbooks, person, probe, places, change: Change) -> None:
    """Changes, sees the symptom, has the wrong choice refused, and recovers; the right values are in force again and the wrong one is kept."""
    assert statuses(person) == (200, 200)
    value = change.make(cluster)
    if change.symptom:
        wait_for(person, change.symptom)
    changed = [values_of(cluster, name) for name in HOLDERS]
    refused = playbooks.run(RECOVER, *probe, auth_keys_source=change.wrong)
    assert refused.status != 0 and f"source: {change.wrong} decrypts 0 of the keys in use" in words_of(refused), refused.output[-3000:]
    assert [values_of(cluster, name) for name in HOLDERS] == changed and value not in refused.output
    recovered(cluster, playbooks, person, probe, **({"auth_keys_source": change.source} if change.source else {}))
    assert [values_of(cluster, name) for name in HOLDERS] == places
    assert value in {kept.split(":")[-1] for kept in former(cluster)}


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
    assert VERIFIED in words_of(done), done.output[-3000:]
    assert "step: sign_up" in done.output and accounts() == before, done.output[-3000:]


def test_without_an_account_the_keys_themselves_are_the_proof(playbooks, person):
    assert "The active key can be decrypted." in playbooks.run(RECOVER).ok().output


@pytest.fixture(scope="module")
def rotated(cluster, playbooks, person) -> None:
    """A rotation has come to its end, so that there is a list."""
    playbooks.run(ROTATE).ok()
    assert stored(cluster, HOLDERS[0], LIST_KEY).endswith(f":{stored(cluster, HOLDERS[0])}")


@pytest.mark.long
@pytest.mark.parametrize("change", LATER, ids=lambda change: change.name)
def test_after_a_rotation(cluster, playbooks, person, probe, rotated, places, change):
    check_recovery(cluster, playbooks, person, probe, places, change)


@pytest.mark.long
def test_in_the_middle_of_a_rotation(cluster, playbooks, person, probe, rotated, places):
    """The places follow what signs in that stage, the unfinished rotation is named, and it goes on afterwards."""
    playbooks.killed_after("Write rotation step promote", ROTATE, then="changed:")
    versions = stored(cluster, HOLDERS[0], LIST_KEY)
    assert "," in versions
    Change("both single secrets", HOLDERS).make(cluster)
    output = recovered(cluster, playbooks, person, probe)
    assert "A rotation of the secret is unfinished (stage: promoted). Complete it with rotate_secret.yml" in output, output[-3000:]
    assert stored(cluster, HOLDERS[0], LIST_KEY) == versions
    playbooks.run(ROTATE, *probe).ok()
    assert "," not in stored(cluster, HOLDERS[0], LIST_KEY) and statuses(person) == (200, 200)
    recovered(cluster, playbooks, person, probe)
