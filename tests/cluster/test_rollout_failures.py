# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every failure of a rollout, injected into a ready version: the module reports the cause, and rolls back to the previous version.

The trials wait more than they work, so several run at once; each test then checks the outcome of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

import pytest
from artifact_cache import go_program
from harness import CHECKOUT, LONG, OUTPUT, TestCluster
from rollout_failures import registry
from rollout_failures.case_runner import PREFIX, CaseResult, CaseRunner, remove_all
from rollout_failures.cases import CASES, FOREIGN, FOREIGN_LIST, NO_INJECTION, SERVING, SHORT, Case
from rollout_failures.event_recorder import EventRecorder

pytestmark = pytest.mark.phase("beside", "rollout-failures")
MAX_WORKERS = 3  # cases at once
STATEFUL = "bad-command"  # the one case that the short form also runs for a StatefulSet
ALIKE = ("tag-does-not-exist", "second-container-crashes")  # the module recognizes them by the same branches as others
INJECTOR = ("deployment/dapr-sidecar-injector", "-n", "dapr-system")
WEBHOOKS = "mutatingwebhookconfiguration/dapr-sidecar-injector"
ALL = [(case, kind) for case in CASES for kind in case.kinds]
CLUSTER_WIDE = pytest.mark.phase("cluster_wide")  # for tests that change Dapr's webhook, or need Dapr


@pytest.fixture(scope="module")
def images(deployed, busybox_image) -> Iterator[registry.Registry]:
    """The registry, with a working image and two images for another architecture."""
    cluster, _run = deployed
    own = cluster.objects("nodes")[0]["status"]["nodeInfo"]["architecture"]
    foreign = "amd64" if own == "arm64" else "arm64"
    program = go_program(CHECKOUT / "tests/cluster/rollout_failures/foreign", "foreign", ".", foreign)
    made = registry.start(cluster)
    made.push_from_node(busybox_image, SERVING)
    made.push_program(FOREIGN, program, foreign, in_list=False)
    made.push_program(FOREIGN_LIST, program, foreign, in_list=True)
    yield made
    registry.remove(cluster)


@dataclass(frozen=True)
class CaseRuns:
    """Runs the selected cases, and provides their outcomes by name."""

    runner: CaseRunner
    outcomes: dict[str, Future]


@pytest.fixture(scope="module")
def trials(deployed, images, busybox_image, request) -> Iterator[CaseRuns]:
    """Starts the cases of all selected tests."""
    cluster, _run = deployed
    remove_all(cluster, wait=True)
    wanted = [item.callspec.params["chosen"] for item in request.session.items if "outcome" in getattr(item, "fixturenames", ())]
    spared = dapr_spares(cluster, NO_INJECTION) if any(case.namespace_labels for case, _kind in wanted) else nullcontext()
    with spared, EventRecorder(cluster, PREFIX) as recorder, ThreadPoolExecutor(MAX_WORKERS) as pool:
        runner = CaseRunner(cluster, recorder, images.host, busybox_image)
        futures = {name_of(*chosen): pool.submit(formed(runner, chosen[0]).run, *chosen) for chosen in wanted}
        yield CaseRuns(runner, futures)
        for future in futures.values():
            future.cancel()
    remove_all(cluster, wait=False)
    record(futures)


@pytest.fixture
def outcome(trials, chosen) -> CaseResult:
    return trials.outcomes[name_of(*chosen)].result(timeout=1200)


def formed(runner: CaseRunner, case: Case) -> CaseRunner:
    """The short form has short timeouts, and requests to the previous version in some cases; the long form the module's defaults, and requests in all cases."""
    return replace(runner, with_load=True) if LONG else replace(runner, options={**SHORT, **case.short}, with_load=case.load)


def name_of(case: Case, kind: str) -> str:
    return f"{case.name}-{kind}"


def param(case: Case, kind: str):
    """The short form has one case of each kind that the module distinguishes."""
    marks = [*([CLUSTER_WIDE] if case.annotations else []), *([pytest.mark.long] if is_long(case, kind) else [])]
    return pytest.param((case, kind), id=name_of(case, kind), marks=marks)


def is_long(case: Case, kind: str) -> bool:
    return case.name in ALIKE or (kind != case.kinds[0] and case.name != STATEFUL)


@contextmanager
def dapr_spares(cluster: TestCluster, labels: dict[str, str]) -> Iterator[None]:
    """Dapr's injector is not called for pods of namespaces with these labels, as if it were away; all others keep it."""
    webhook = json.loads(cluster.kubectl("get", WEBHOOKS, "-o", "json"))["webhooks"][0]
    before = webhook.get("namespaceSelector", {})
    others = [entry for entry in before.get("matchExpressions", []) if entry["key"] not in labels]  # an interrupted run left its own
    own = [{"key": key, "operator": "NotIn", "values": [value]} for key, value in labels.items()]
    set_selector(cluster, {**before, "matchExpressions": [*others, *own]})
    try:
        yield
    finally:
        set_selector(cluster, {**before, "matchExpressions": others})


def set_selector(cluster: TestCluster, selector: dict) -> None:
    change = [{"op": "add", "path": "/webhooks/0/namespaceSelector", "value": selector}]
    cluster.kubectl("patch", WEBHOOKS, "--type=json", "-p", json.dumps(change))


def record(futures: dict[str, Future]) -> None:
    """Writes the durations to a file."""
    done = {name: future.result() for name, future in futures.items() if future.done() and not future.cancelled() and not future.exception()}
    cases = {name_of(case, kind): case for case, kind in ALL}
    rows = {
        name: {"late": round(outcome.late(cases[name]), 1) if outcome.symptom else None, "requests": outcome.requests, "lost": len(outcome.lost),
               "message": outcome.result.get("msg", "")}
        for name, outcome in done.items()
    }
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "rollout_failures.json").write_text(json.dumps(rows, indent=1))


def test_node_pulls_with_and_without_a_password(deployed, images):
    """The registry works, so that a refusal and a missing image are real."""
    cluster, _run = deployed
    secret = json.loads(cluster.kubectl(
        "create", "secret", "docker-registry", "login", "--docker-server", registry.CLOSED, "--docker-username", registry.USER,
        "--docker-password", images.password, "--dry-run=client", "-o", "json",
    ))
    cluster.kubectl("apply", "-n", registry.NAMESPACE, "-f", "-", stdin=json.dumps(secret))
    for name, server in (("open", registry.OPEN), ("closed", registry.CLOSED)):
        container = {"name": "app", "image": SERVING.replace(registry.OPEN, server), "imagePullPolicy": "Always", "command": ["sleep", "300"]}
        spec = {"containers": [container], "imagePullSecrets": [{"name": "login"}], "terminationGracePeriodSeconds": 0}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        cluster.kubectl("apply", "-n", registry.NAMESPACE, "-f", "-", stdin=json.dumps(pod))
        cluster.kubectl("wait", f"pod/{name}", "-n", registry.NAMESPACE, "--for=condition=Ready", "--timeout=300s")


@pytest.mark.parametrize("chosen", [param(*entry) for entry in ALL])
def test_cause_is_reported_and_the_previous_version_restored(outcome, chosen):
    check_outcome(outcome, *chosen)


@pytest.mark.long
@CLUSTER_WIDE
def test_missing_sidecar_is_reported(deployed, trials):
    """As in practice: Kubernetes creates pods without sidecars if the injector does not respond."""
    cluster, _run = deployed
    wait(trials.outcomes.values())
    case = next(replace(case, namespace_labels={}) for case in CASES if case.name == "dapr-sidecar-is-missing")
    try:
        cluster.kubectl("scale", *INJECTOR, "--replicas=0")
        cluster.kubectl("wait", "pods", "-n", "dapr-system", "-l", "app=dapr-sidecar-injector", "--for=delete", "--timeout=300s")
        outcome = formed(trials.runner, case).run(case, "Deployment")
    finally:
        cluster.kubectl("scale", *INJECTOR, "--replicas=1")
        cluster.kubectl("rollout", "status", *INJECTOR, "--timeout=300s")
    check_outcome(outcome, case, "Deployment")


def check_outcome(outcome: CaseResult, case: Case, kind: str) -> None:
    """The module fails with the injected cause and rolls back, and the previous version responds all the time."""
    assert outcome.symptom is not None, f"the API never showed it; the module reported: {outcome.result.get('msg')}"
    check_cause(outcome.result, case, kind)
    check_cause(outcome.rollback, case, kind)
    check_rollback(outcome, kind)
    assert outcome.lost == [], f"{len(outcome.lost)} of {outcome.requests}: {outcome.lost[:5]}"


def check_cause(result: dict, case: Case, kind: str) -> None:
    """The failure contains the cause, as a sentence and as data."""
    assert result["failed"], result
    message, cause = result["msg"], result["causes"][0]
    assert (cause["category"], cause["workload"]) == (case.category, f"{kind} app"), message
    assert (cause["container"], cause["container_type"]) == (case.container, case.container_type), message
    assert case.exit_code is None or case.exit_code == cause["exit_code"], message
    assert case.message in message and case.names in message, message
    assert cause["hint"] and f"Next: {cause['hint']}" in message, message
    assert case.log in cause["log"] if case.log else cause["log"] == "", message
    assert all(f"  | {line}" in message for line in cause["log"].splitlines()), message
    assert not case.also or case.also in [other["category"] for other in result["causes"]], message
    assert ("is not complete after" in message) == (case.grace == "timeout"), message


def check_rollback(outcome: CaseResult, kind: str) -> None:
    """The workload is restored, all its pods are ready, and none of the broken version remains."""
    message = outcome.rollback["msg"]
    assert [(item["workload"], item["available"]) for item in outcome.rollback["rollback"]] == [(f"{kind} app", True)], message
    assert "which is available again" in message and outcome.template == outcome.former, message
    broken = [pod["metadata"]["name"] for pod in outcome.pods if (pod["metadata"].get("annotations") or {}).get("version") == "broken"]
    ready = [pod for pod in outcome.pods if all(status["ready"] for status in pod["status"]["containerStatuses"])]
    assert (broken, len(ready), len(outcome.pods)) == ([], 2, 2), message
