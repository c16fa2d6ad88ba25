# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of Ansible that are killed while a worker of theirs writes: nothing is written after their end, and the next run ends well."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Iterator

import pytest
from orphans import Orphans, wait_for
from todo_client import TodoClient

pytestmark = pytest.mark.phase("application")
ROTATE = "playbooks/rotate_secret.yml"
RECOVER = "playbooks/recover_auth.yml"
DEPLOY = "playbooks/deploy.yml"
WRITING = r"TASK \[.*(Write rotation step|Re-encrypt|Restart|Copy|Synchronize|Retire)"
ROTATION_WRITES, RECOVERY_WRITES = 12, 3  # the tasks of a whole run that are found by that
LEASE = "runbook-todo"
HOLDERS = ("frontend-secrets", "backend-api-secrets")
KEY, LIST_KEY = "better-auth-secret", "better-auth-secrets"
MARK = "runbook.minikube/rotation"
OF_CONTROLLERS = ("deployment.kubernetes.io/",)  # annotations that Kubernetes writes itself


@pytest.fixture(scope="module", autouse=True)
def _signing(cluster, playbooks):
    """Begins and ends with an application that signs, with no rotation under way, whatever a test left."""
    without_rotation = json.dumps({"data": {LIST_KEY: None}, "metadata": {"annotations": {MARK: None}}})
    for name in HOLDERS:
        cluster.kubectl("patch", "secret", name, "--type=merge", "-p", without_rotation)
    playbooks.run(RECOVER, auth_keys_source=f"{HOLDERS[0]}/{KEY}", auth_keys_force=True).ok()
    yield
    playbooks.run(DEPLOY).ok()


@pytest.fixture(scope="module")
def person(addresses, _signing) -> TodoClient:
    """Somebody with a token, so that there is a key: a rotation is refused without one."""
    client = TodoClient.signed_up(*addresses)
    client.token()
    return client


def written(cluster) -> dict:
    """All that a run writes: Secrets, Deployments without what their controller adds, the Lease, and the keys in the database."""
    secret = {item["metadata"]["name"]: item.get("data") for item in cluster.objects("secrets")}
    deployment = {item["metadata"]["name"]: (item["spec"], annotations_of(item)) for item in cluster.objects("deployments")}
    lease = json.loads(cluster.kubectl("get", "lease", LEASE, "-o", "json"))["spec"]
    keys = cluster.kubectl("exec", "postgres-0", "--", "psql", "-U", "todo", "-d", "todo", "-Atc", "SELECT * FROM jwks ORDER BY id")
    return {"secrets": secret, "deployments": deployment, "lease": lease, "keys": keys}


def annotations_of(item: dict) -> dict[str, str]:
    annotations = item["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if not key.startswith(OF_CONTROLLERS)}


def settled(cluster) -> dict:
    """What is written once a request that was on its way has arrived."""
    before = written(cluster)
    while True:
        time.sleep(1)
        now = written(cluster)
        if now == before:
            return now
        before = now


def lines_until(run, pattern: str, count: int = 1) -> Iterator[str]:
    """The output of a run to the line in which a pattern is found for that time, or to its end."""
    for line in run.stdout:
        yield line
        count -= bool(re.search(pattern, line))
        if not count:
            return


def require_nothing_written(cluster, orphans: Orphans) -> None:
    before = settled(cluster)
    orphans.release()
    after = written(cluster)
    changed = [name for name in before if before[name] != after[name]]
    assert changed == [], "the orphan wrote after the end of its run"


def token_status(person: TodoClient) -> int:
    """The HTTP status of a token for a new session."""
    person.http.cookies.clear()
    person.sign_in()
    return person.http.get(f"{person.frontend}/api/auth/token", timeout=60).status_code


def generation(cluster, name: str) -> int:
    return json.loads(cluster.kubectl("get", "deployment", name, "-o", "json"))["metadata"]["generation"]


@pytest.mark.long
@pytest.mark.no_rerun
def test_an_orphan_that_waits_for_a_restart_writes_nothing_after_it(cluster, playbooks, person):
    """Killed when the new pods are starting: the worker sees the restart complete, and has more to write."""
    before = generation(cluster, "frontend")
    run = playbooks.start(ROTATE)
    printed = "".join(lines_until(run, r"TASK \[.*Restart the auth servers"))
    wait_for(lambda: generation(cluster, "frontend") > before or run.poll() is not None, f"the restart has begun: {printed[-3000:]}")
    require_nothing_written(cluster, Orphans(run))
    done = playbooks.run(ROTATE).ok()
    assert token_status(person) == 200, done.output[-3000:]
    lease = json.loads(cluster.kubectl("get", "lease", LEASE, "-o", "json"))["spec"]
    assert not lease.get("holderIdentity") and "machine_id" not in json.dumps(lease)


def killed_at_write(number: int, playbook: str, cluster, playbooks, person) -> bool:
    """Kills a run at one of its writes, requires that its orphan writes nothing, and that the next run ends well. False where it has fewer writes."""
    run = playbooks.start(playbook)
    printed = "".join(lines_until(run, WRITING, number))
    if not re.search(WRITING, printed.splitlines()[-1]):
        assert run.wait() == 0, printed[-3000:]
        return False
    require_nothing_written(cluster, Orphans(run))
    done = playbooks.run(playbook).ok()
    assert token_status(person) == 200, f"killed at: {printed[-500:]}\n{done.output[-3000:]}"
    return True


@pytest.mark.long
@pytest.mark.no_rerun
@pytest.mark.parametrize("number", range(1, ROTATION_WRITES + 2))
def test_a_rotation_whose_run_is_killed_at_any_write(cluster, playbooks, person, number):
    assert killed_at_write(number, ROTATE, cluster, playbooks, person) is (number <= ROTATION_WRITES)


def change_the_secret(cluster) -> None:
    """Two places with another value, of which one is read: the other Deployment has to be restarted, and the keys retired."""
    patch = json.dumps({"data": {KEY: base64.b64encode(secrets.token_urlsafe(32).encode()).decode(), LIST_KEY: None}})
    for name in HOLDERS:
        cluster.kubectl("patch", "secret", name, "--type=merge", "--patch-file", "/dev/stdin", stdin=patch)
    cluster.kubectl("rollout", "restart", "deployment/frontend")
    cluster.kubectl("rollout", "status", "deployment/frontend", "--timeout=300s")


@pytest.mark.long
@pytest.mark.no_rerun
@pytest.mark.parametrize("number", range(1, RECOVERY_WRITES + 2))
def test_a_recovery_whose_run_is_killed_at_any_write(cluster, playbooks, person, number):
    change_the_secret(cluster)
    assert killed_at_write(number, RECOVER, cluster, playbooks, person) is (number <= RECOVERY_WRITES)
