# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every fault of Dapr is injected, and recovered by one run of recover_dapr.yml that changes nothing else."""

from __future__ import annotations

import contextlib
import re
import threading
import time

import psutil
import pytest
import yaml
from api_proxy import CountingProxy
from dapr_faults.cases import FAULTS, fault
from dapr_faults.cluster_state import NAMESPACES, eventually, only, pod_uids, pods_of, replaced, sidecar_of, wait_until_healthy
from dapr_faults.dry_run import require_injection
from dapr_faults.fault import Fault
from dapr_faults.node import restart_api_server, wait_for_api
from dapr_faults.publish import publish_arrives
from dapr_faults.serving import Serving
from dapr_faults.workloads import NAMESPACE, apply, ready_pods, remove_namespace
from harness import LONG, Run, kill_group
from modules import run_module
from todo_client import TodoClient

pytestmark = pytest.mark.phase("cluster_wide")
RECOVER = "playbooks/recover_dapr.yml"
MAX_REQUESTS = 25  # of a look at a healthy Dapr
NEW_CA = {"bundle_secret_missing"}  # which only a new certificate authority fixes
FIXABLE = [name for name, injected in FAULTS.items() if not injected.manual]
THREE = ("daprd_stuck", "injector_down", "operator_name_conflict")  # no sidecar starts without the operator, so that fault is injected last


@pytest.fixture(scope="module", autouse=True)
def _namespace(cluster):
    """Removes the namespace of the faults' own workloads at the end."""
    yield
    remove_namespace(cluster)


@pytest.fixture(scope="module")
def user(addresses) -> TodoClient:
    """A user whose tasks are audited."""
    return TodoClient.signed_up(*addresses)


@pytest.fixture
def inject(cluster):
    """Injects faults, and reverts what is left of them."""
    faults: list[Fault] = []
    wait_until_healthy(cluster)
    eventually(lambda: require_injection(cluster))

    def inject_fault(name: str) -> Fault:
        injected = fault(name)
        faults.append(injected)
        injected.inject(cluster)
        return injected

    yield inject_fault
    for injected in reversed(faults):
        injected.clean_up(cluster)


def predicted(cluster, **options) -> list[dict]:
    """The actions that the module predicts in check mode."""
    result = run_module("dapr_recovery", check=True, kubeconfig=str(cluster.kubeconfig), context=cluster.profile, **options)
    assert not result["failed"], result
    return result["actions"]


def output_of(run: Run) -> str:
    return " ".join(run.output.split())


def done_by(run: Run) -> list[str]:
    """The actions that the playbook reports, each without its evidence."""
    report = re.search(r"Report the recovery\][\s\S]*?msg:\n((?: {4}.*\n)+)", run.output)
    assert report, run.output[-5000:]
    first, *actions = yaml.safe_load(report[1])
    assert first == "Done:", first
    return [line.partition(": ")[0] for line in actions]


def pause(injected: Fault) -> None:
    """No fault disappears on its own; the long form waits for that."""
    if LONG:
        time.sleep(injected.pause)


def params(chosen: list[str]) -> list:
    return [pytest.param(name, marks=pytest.mark.long if FAULTS[name].long else ()) for name in chosen]


def recovered(cluster, playbooks, addresses, user, faults: list[Fault], **variables) -> None:
    """One run fixes the faults, reports each cause and changes nothing else. Then an event is delivered, and a second run changes nothing."""
    for injected in faults:
        injected.persists(cluster)
    affected = set().union(*(injected.affected(cluster) for injected in faults))
    before = pod_uids(cluster)
    planned = predicted(cluster, allow_new_ca=variables.get("dapr_allow_new_ca", False))
    assert planned and pod_uids(cluster) == before
    with Serving(cluster) as serving:
        done = playbooks.run(RECOVER, **variables)
    assert done.status == 0, done.output[-5000:]
    assert serving.fewer == {}, (serving.fewer, done.output[-5000:])
    for injected in faults:
        missing = [word for word in injected.cause if word not in output_of(done)]
        assert not missing, (missing, done.output[-5000:])
    assert done_by(done) == [action["message"].partition(": ")[0] for action in planned]
    wait_until_healthy(cluster)
    assert replaced(before, pod_uids(cluster), affected) == []
    publish_arrives(cluster, addresses, user)
    again = playbooks.run(RECOVER).ok()
    assert again.recap["changed"] == 0 and "Nothing was changed." in again.output, again.output[-3000:]


@pytest.mark.parametrize("name", params(FIXABLE))
def test_fault_is_recovered_by_one_run(cluster, playbooks, addresses, user, inject, name):
    injected = inject(name)
    pause(injected)
    variables = {"dapr_allow_new_ca": True} if name in NEW_CA else {}
    if variables:
        refused = playbooks.run(RECOVER)
        assert refused.status != 0 and "allow_new_ca=true" in output_of(refused) and refused.recap["changed"] == 0, refused.output[-3000:]
    recovered(cluster, playbooks, addresses, user, [injected], **variables)


def test_three_faults_at_once_are_recovered(cluster, playbooks, addresses, user, inject):
    recovered(cluster, playbooks, addresses, user, [inject(name) for name in THREE])


@pytest.mark.parametrize("name", params([name for name, injected in FAULTS.items() if injected.manual]))
def test_manual_action_is_reported_and_nothing_changed(cluster, playbooks, addresses, user, inject, name):
    injected = inject(name)
    pause(injected)
    injected.persists(cluster)
    before = pod_uids(cluster)
    run = playbooks.run(RECOVER)
    assert run.status != 0 and run.recap["changed"] == 0 and "Next:" in output_of(run), run.output[-4000:]
    missing = [word for word in injected.cause if word not in output_of(run)]
    assert not missing, (missing, run.output[-4000:])
    assert pod_uids(cluster) == before
    injected.fix(cluster)
    wait_until_healthy(cluster)
    publish_arrives(cluster, addresses, user)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0


@pytest.mark.long
def test_recovery_survives_an_api_server_restart(cluster, playbooks, addresses, user, inject):
    faults = [inject(name) for name in THREE]
    process = playbooks.start(RECOVER)
    timer = threading.Timer(6, restart_api_server, [cluster])
    timer.start()
    output, _none = process.communicate(timeout=900)
    timer.join()
    wait_for_api(cluster)
    assert process.returncode == 0, output[-5000:]
    wait_until_healthy(cluster)
    assert all(word in " ".join(output.split()) for injected in faults for word in injected.cause), output[-5000:]
    publish_arrives(cluster, addresses, user)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0


def versions(cluster) -> dict[str, str]:
    """The resource version of everything that a recovery could change, in the namespaces that no other test changes."""
    kinds = "deployments,statefulsets,daemonsets,pods,configmaps,secrets,services"
    items = [item for namespace in NAMESPACES for item in cluster.objects(kinds, namespace)] + cluster.objects("mutatingwebhookconfigurations")
    return {f"{item['kind']}/{item['metadata'].get('namespace')}/{item['metadata']['name']}": item["metadata"]["resourceVersion"] for item in items}


def test_healthy_dapr_is_not_changed(cluster, playbooks):
    wait_until_healthy(cluster)
    before = versions(cluster)
    for _run in range(20 if LONG else 1):
        run = playbooks.run(RECOVER).ok()
        assert run.recap["changed"] == 0 and "Dapr is healthy. Nothing was changed." in run.output, run.output[-3000:]
    assert versions(cluster) == before


def kill_all(process) -> None:
    """SIGKILL for a playbook and for the module that it runs, which has its own session."""
    below = psutil.Process(process.pid).children(recursive=True)
    kill_group(process)
    for one in below:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


@pytest.mark.long
def test_interrupted_run_is_completed_by_the_next(cluster, playbooks, addresses, user, inject):
    # The sidecar is fixed once the operator is ready: the run is killed before.
    for name in ("daprd_stuck", "operator_name_conflict"):
        inject(name)
    before = pod_uids(cluster)
    process = playbooks.start(RECOVER)
    while pod_uids(cluster) == before:
        assert process.poll() is None, "it ended before it did anything"
        time.sleep(0.2)
    kill_all(process)
    assert playbooks.run(RECOVER, runbook_lock_wait=120).ok().recap["changed"] > 0, "nothing was left to be completed"
    wait_until_healthy(cluster)
    publish_arrives(cluster, addresses, user)


def budget(app: str, available: int) -> dict:
    """A PodDisruptionBudget of an application with Kubernetes' default policy for pods that are not ready."""
    spec = {"minAvailable": available, "selector": {"matchLabels": {"app": app}}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keeps-all"}, "spec": spec}


@pytest.mark.long
def test_a_pod_that_serves_nothing_is_recreated_in_spite_of_its_budget(cluster, playbooks, inject):
    stuck = inject("daprd_stuck")
    apply(cluster, budget(stuck.app, 2))
    with Serving(cluster) as serving:
        done = playbooks.run(RECOVER).ok()
    assert "Deleted instead of evicted" in output_of(done) and serving.fewer == {}, done.output[-3000:]
    cluster.kubectl("delete", "poddisruptionbudget", "keeps-all", "-n", NAMESPACE)
    wait_until_healthy(cluster)


@pytest.mark.long
def test_a_budget_of_a_pod_that_serves_is_reported_and_the_rest_recovered(cluster, playbooks, inject):
    inject("injector_down")
    cluster.kubectl("rollout", "pause", "deployment/bare-deployment", "-n", NAMESPACE)  # so that only an eviction would replace its pod
    apply(cluster, budget("bare-deployment", 1))
    kept = only(pods_of(cluster, "bare-deployment", NAMESPACE))["metadata"]["uid"]
    refused = playbooks.run(RECOVER)
    assert refused.status != 0 and refused.recap["changed"] == 1 and "disruption budget keeps-all" in output_of(refused), refused.output[-3000:]
    assert only(pods_of(cluster, "bare-deployment", NAMESPACE))["metadata"]["uid"] == kept
    for name in ("bare-statefulset", "bare-daemonset"):
        assert all(map(sidecar_of, ready_pods(cluster, name))), name
    cluster.kubectl("delete", "poddisruptionbudget", "keeps-all", "-n", NAMESPACE)
    playbooks.run(RECOVER).ok()
    wait_until_healthy(cluster)


def test_a_healthy_look_is_cheap(cluster):
    """Few requests, however many objects the release has."""
    wait_until_healthy(cluster)
    with CountingProxy(cluster) as proxy:
        result = run_module("dapr_recovery", check=True, app_namespaces=["default"], kubeconfig=proxy.kubeconfig)
    assert not result["failed"] and result["healthy"], result
    assert sum(proxy.count.values()) <= MAX_REQUESTS, proxy.count


def test_invalid_input_is_refused_with_the_option(cluster):
    target = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.profile}
    for options, words in (
        ({"namespace": "default"}, "namespace: Dapr's control plane is not in default, but in dapr-system"),
        ({"app_namespaces": ["nowhere"]}, "app_namespaces: namespace nowhere does not exist"),
    ):
        result = run_module("dapr_recovery", **target, **options)
        assert result["failed"] and words in result["msg"] and not result.get("changed"), result
    unknown = run_module("dapr_recovery", **target, app_namespaces=["default"], components=["pubsub", "nosuch"])
    assert not unknown["failed"] and [(item["name"], item["cause"]) for item in unknown["problems"]] == [("nosuch", "component_missing")], unknown
