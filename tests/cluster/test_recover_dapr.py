# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dapr broken for real in every way, and brought back by one run of recover_dapr.yml that touches nothing else."""

from __future__ import annotations

import contextlib
import re
import threading
import time

import psutil
import pytest
import yaml
from dapr_faults.cases import FAULTS, fault
from dapr_faults.fault import Fault
from dapr_faults.looks import NAMESPACES, dapr_serves, eventually, pod_uids, replaced
from dapr_faults.node import restart_api_server, wait_for_api
from dapr_faults.publish import publish_arrives
from dapr_faults.trial import injection_serves
from dapr_faults.workloads import NAMESPACE, apply, remove_namespace
from harness import LONG, Run, kill_group
from modules import run_module
from todo_client import TodoClient

pytestmark = pytest.mark.phase("cluster_wide")
RECOVER = "playbooks/recover_dapr.yml"
NEW_CA = {"bundle_secret_missing"}  # which only a new certificate authority cures
CURABLE = [name for name, found in FAULTS.items() if not found.by_person]
THREE = ("daprd_stuck", "injector_away", "operator_name_taken")  # no sidecar starts without the operator, so that is broken last


@pytest.fixture(scope="module", autouse=True)
def _namespace(cluster):
    """The namespace of the faults' own workloads is gone in the end."""
    yield
    remove_namespace(cluster)


@pytest.fixture(scope="module")
def person(addresses) -> TodoClient:
    """Somebody whose tasks are audited."""
    client = TodoClient(*addresses)
    client.sign_up()
    return client


@pytest.fixture
def made(cluster):
    """Makes faults, and takes back what is left of them."""
    faults: list[Fault] = []
    dapr_serves(cluster)
    eventually(lambda: injection_serves(cluster))

    def make(name: str) -> Fault:
        found = fault(name)
        faults.append(found)
        found.make(cluster)
        return found

    yield make
    for found in reversed(faults):
        found.clean(cluster)


def predicted(cluster, **options) -> list[dict]:
    """The actions that the module names in check mode."""
    result = run_module("dapr_recovery", check=True, kubeconfig=str(cluster.kubeconfig), context=cluster.profile, **options)
    assert not result["failed"], result
    return result["actions"]


def told(run: Run) -> str:
    return " ".join(run.output.split())


def done_by(run: Run) -> list[str]:
    """What the playbook says it did, each without its evidence."""
    said = re.search(r"Say what was done and why\][\s\S]*?msg:\n((?: {4}.*\n)+)", run.output)
    assert said, run.output[-5000:]
    first, *actions = yaml.safe_load(said[1])
    assert first == "Done:", first
    return [line.partition(": ")[0] for line in actions]


def pause(found: Fault) -> None:
    """Nothing heals by itself: the long form gives it the time."""
    if LONG:
        time.sleep(found.pause)


def params(chosen: list[str]) -> list:
    return [pytest.param(name, marks=pytest.mark.long if FAULTS[name].long else ()) for name in chosen]


def recovered(cluster, playbooks, addresses, person, faults: list[Fault], **variables) -> None:
    """One run cures the faults, names each cause, touches nothing else; then a message arrives, and a second run changes nothing."""
    for found in faults:
        found.persists(cluster)
    affected = set().union(*(found.affected(cluster) for found in faults))
    before = pod_uids(cluster)
    planned = predicted(cluster, allow_new_ca=variables.get("dapr_allow_new_ca", False))
    assert planned and pod_uids(cluster) == before
    done = playbooks.run(RECOVER, **variables)
    assert done.status == 0, done.output[-5000:]
    for found in faults:
        missing = [word for word in found.cause if word not in told(done)]
        assert not missing, (missing, done.output[-5000:])
    assert done_by(done) == [action["says"].partition(": ")[0] for action in planned]
    dapr_serves(cluster)
    assert replaced(before, pod_uids(cluster), affected) == []
    publish_arrives(cluster, addresses, person)
    again = playbooks.run(RECOVER).ok()
    assert again.recap["changed"] == 0 and "Nothing had to be changed." in again.output, again.output[-3000:]


@pytest.mark.parametrize("name", params(CURABLE))
def test_a_fault_is_recovered_by_one_run(cluster, playbooks, addresses, person, made, name):
    found = made(name)
    pause(found)
    variables = {"dapr_allow_new_ca": True} if name in NEW_CA else {}
    if variables:
        refused = playbooks.run(RECOVER)
        assert refused.status != 0 and "allow_new_ca=true" in told(refused) and refused.recap["changed"] == 0, refused.output[-3000:]
    recovered(cluster, playbooks, addresses, person, [found], **variables)


def test_three_at_once(cluster, playbooks, addresses, person, made):
    recovered(cluster, playbooks, addresses, person, [made(name) for name in THREE])


@pytest.mark.parametrize("name", params([name for name, found in FAULTS.items() if found.by_person]))
def test_what_needs_a_person_is_told_and_left(cluster, playbooks, addresses, person, made, name):
    found = made(name)
    pause(found)
    found.persists(cluster)
    before = pod_uids(cluster)
    run = playbooks.run(RECOVER)
    assert run.status != 0 and run.recap["changed"] == 0 and "Next:" in told(run), run.output[-4000:]
    missing = [word for word in found.cause if word not in told(run)]
    assert not missing, (missing, run.output[-4000:])
    assert pod_uids(cluster) == before
    found.cure(cluster)
    dapr_serves(cluster)
    publish_arrives(cluster, addresses, person)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0


@pytest.mark.long
def test_the_api_server_restarts_in_the_middle(cluster, playbooks, addresses, person, made):
    faults = [made(name) for name in THREE]
    process = playbooks.start(RECOVER)
    timer = threading.Timer(6, restart_api_server, [cluster])
    timer.start()
    output, _none = process.communicate(timeout=900)
    timer.join()
    wait_for_api(cluster)
    assert process.returncode == 0, output[-5000:]
    dapr_serves(cluster)
    assert all(word in " ".join(output.split()) for found in faults for word in found.cause), output[-5000:]
    publish_arrives(cluster, addresses, person)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0


def versions(cluster) -> dict[str, str]:
    """The resource version of everything that a recovery could change, where no other test works meanwhile."""
    kinds = "deployments,statefulsets,daemonsets,pods,configmaps,secrets,services"
    items = [item for namespace in NAMESPACES for item in cluster.objects(kinds, namespace)] + cluster.objects("mutatingwebhookconfigurations")
    return {f"{item['kind']}/{item['metadata'].get('namespace')}/{item['metadata']['name']}": item["metadata"]["resourceVersion"] for item in items}


def test_a_healthy_dapr_is_left_alone(cluster, playbooks):
    dapr_serves(cluster)
    before = versions(cluster)
    for _run in range(20 if LONG else 1):
        run = playbooks.run(RECOVER).ok()
        assert run.recap["changed"] == 0 and "Dapr serves. Nothing had to be changed." in run.output, run.output[-3000:]
    assert versions(cluster) == before


def kill_all(process) -> None:
    """SIGKILL for a playbook and for the module that it runs, which is in a session of its own."""
    below = psutil.Process(process.pid).children(recursive=True)
    kill_group(process)
    for one in below:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


@pytest.mark.long
def test_a_run_that_was_cut_off_is_completed_by_the_next(cluster, playbooks, addresses, person, made):
    # The sidecar's turn comes when the operator serves: it is killed before.
    for name in ("daprd_stuck", "operator_name_taken"):
        made(name)
    before = pod_uids(cluster)
    process = playbooks.start(RECOVER)
    while pod_uids(cluster) == before:
        assert process.poll() is None, "it ended before it did anything"
        time.sleep(0.2)
    kill_all(process)
    assert playbooks.run(RECOVER, runbook_lock_wait=120).ok().recap["changed"] > 0, "nothing was left to be completed"
    dapr_serves(cluster)
    publish_arrives(cluster, addresses, person)


@pytest.mark.long
def test_a_budget_that_forbids_everything_is_named(cluster, playbooks, made):
    stuck = made("daprd_stuck")
    spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": stuck.app}}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keeps-all"}, "spec": spec}
    apply(cluster, budget)
    before = pod_uids(cluster)
    refused = playbooks.run(RECOVER)
    assert refused.status != 0 and "disruption budget keeps-all" in told(refused) and "unhealthyPodEvictionPolicy" in told(refused), refused.output[-3000:]
    assert pod_uids(cluster) == before
    cluster.kubectl("delete", "poddisruptionbudget", "keeps-all", "-n", NAMESPACE)
    playbooks.run(RECOVER).ok()
    dapr_serves(cluster)


def test_bad_input_is_refused_with_the_option(cluster):
    given = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.profile}
    for options, words in (
        ({"namespace": "default"}, "namespace: Dapr's control plane is not in default, but in dapr-system"),
        ({"app_namespaces": ["nowhere"]}, "app_namespaces: there is no namespace nowhere"),
    ):
        result = run_module("dapr_recovery", **given, **options)
        assert result["failed"] and words in result["msg"] and not result.get("changed"), result
    unknown = run_module("dapr_recovery", **given, app_namespaces=["default"], components=["pubsub", "nosuch"])
    assert not unknown["failed"] and [(item["name"], item["cause"]) for item in unknown["problems"]] == [("nosuch", "component_missing")], unknown
