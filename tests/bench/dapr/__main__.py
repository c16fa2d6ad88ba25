# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares ways of recovering Dapr from injected faults, in one run; see ../README.md."""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone

from audit import AuditLog
from dapr_faults.cases import FAULTS, fault
from dapr_faults.cluster_state import SYSTEM, dapr_enabled, eventually, is_ready, sidecar_of, wait_until_healthy
from dapr_faults.dry_run import require_injection
from dapr_faults.fault import Fault
from dapr_faults.workloads import NAMESPACE, remove_namespace
from figures import Figures, table
from harness import OUTPUT, Playbooks, TestCluster

OURS, GUIDE, LIMIT = "recover_dapr.yml", "the guide's commands", "pod starts alone"
RECOVERED, ENDED, HEALTHY = "recovered", "command ended", "healthy Dapr, checked"
FIXABLE = [name for name, injected in FAULTS.items() if not injected.manual]
RECOVER = "playbooks/recover_dapr.yml"
CONTROL_PLANE_PODS = 7
PAUSE = 0.3  # seconds between checks
PATIENCE = 300
# What the guide's fixed commands delete and restart: (label of a control plane component, or "", application of the fault).
COMMANDS = {
    "operator_name_conflict": ("dapr-operator", "deployment/waits-for-dapr"),
    "injector_name_conflict": ("dapr-sidecar-injector", ""),
    "scheduler_member_down": ("dapr-scheduler-server", ""),
    "injector_down": ("dapr-sidecar-injector", "deployment/bare-deployment statefulset/bare-statefulset daemonset/bare-daemonset"),
    "daprd_stuck": ("", "deployment/stuck-sidecar"),
}


def recovered(cluster: TestCluster) -> bool:
    """Whether the control plane and every pod with Dapr are ready."""
    pods = json.loads(cluster.kubectl("get", "pods", "--all-namespaces", "-o", "json", check=False) or '{"items": []}')["items"]
    control = [pod for pod in pods if pod["metadata"]["namespace"] == SYSTEM]
    with_dapr = [pod for pod in pods if dapr_enabled(pod) and "deletionTimestamp" not in pod["metadata"]]
    return sum(map(is_ready, control)) == CONTROL_PLANE_PODS and all(is_ready(pod) and sidecar_of(pod) for pod in with_dapr)


def by_guide(cluster: TestCluster, name: str, restarts: bool) -> None:
    """Delete, wait, and with ``restarts`` restart, wait: without the applications' restart it is the limit."""
    label, applications = COMMANDS[name]
    if label:
        cluster.kubectl("delete", "pod", "-l", f"app={label}", "-n", SYSTEM)
        cluster.kubectl("wait", "pod", "-l", f"app={label}", "-n", SYSTEM, "--for=condition=Ready", "--timeout=180s")
    if not restarts:
        return
    for application in applications.split():
        cluster.kubectl("rollout", "restart", application, "-n", NAMESPACE)
        cluster.kubectl("rollout", "status", application, "-n", NAMESPACE, "--timeout=180s")


def measure(cluster: TestCluster, figures: Figures, name: str, way: str, fix: Callable[[Fault], None]) -> None:
    """One round of one way."""
    injected, recovered_at, stop = fault(name), [], threading.Event()
    wait_until_healthy(cluster)
    eventually(lambda: require_injection(cluster))

    def watch() -> None:
        while not stop.wait(PAUSE) and not recovered_at:
            if recovered(cluster):
                recovered_at.append(time.monotonic())

    try:
        injected.inject(cluster)
        watcher = threading.Thread(target=watch, daemon=True)
        start = time.monotonic()
        watcher.start()
        fix(injected)
        ended = time.monotonic()
        watcher.join(PATIENCE)
        stop.set()
        if not recovered_at:
            raise SystemExit(f"{name}: {way} ended successfully, but not everything is ready")
        figures.add(f"{name}, {RECOVERED}", way, recovered_at[0] - start)
        figures.add(f"{name}, {ENDED}", way, ended - start)
        print(f"{name}, {way}: recovered after {recovered_at[0] - start:.1f} s, ended after {ended - start:.1f} s", flush=True)
    finally:
        stop.set()
        injected.clean_up(cluster)


def checks(cluster: TestCluster, playbooks: Playbooks, figures: Figures, requests: dict[str, list[int]]) -> None:
    """A healthy Dapr, checked by the playbook, and by the guide's checks; how many requests the API server gets of each."""
    audit = AuditLog(cluster)

    def by_guide() -> None:
        for command in (("get", "pods", "-n", SYSTEM), ("get", "pods"), ("logs", "deployment/backend-api", "-c", "daprd", "--tail=50"), ("get", "components")):
            cluster.kubectl(*command)

    for way, check in ((OURS, lambda: playbooks.run(RECOVER).ok()), (GUIDE, by_guide)):
        since, start = datetime.now(timezone.utc), time.monotonic()
        check()
        figures.add(HEALTHY, way, time.monotonic() - start)
        requests.setdefault(way, []).append(len(audit.requests(since, datetime.now(timezone.utc))))
        print(f"{HEALTHY}, {way}: {requests[way][-1]} requests", flush=True)


def main() -> None:
    """Measures, prints, and writes tests/output/bench_dapr.json."""
    cli = argparse.ArgumentParser(prog="tests/bench/dapr")
    cli.add_argument("--rounds", type=int, default=3)
    cli.add_argument("--faults", nargs="*", default=FIXABLE, choices=FIXABLE, help="only these")
    options, figures = cli.parse_args(), Figures()
    cluster, playbooks = TestCluster(), Playbooks()
    requests: dict[str, list[int]] = {}
    AuditLog(cluster).switch_on()

    def ours(injected: Fault) -> None:
        playbooks.run(RECOVER, dapr_allow_new_ca=injected.name == "bundle_secret_missing").ok()

    try:
        for _number in range(options.rounds):
            wait_until_healthy(cluster)
            checks(cluster, playbooks, figures, requests)
            for name in options.faults:
                measure(cluster, figures, name, OURS, ours)
                if name in COMMANDS:
                    measure(cluster, figures, name, GUIDE, lambda injected: by_guide(cluster, injected.name, restarts=True))
                if name == "operator_name_conflict":
                    measure(cluster, figures, name, LIMIT, lambda injected: by_guide(cluster, injected.name, restarts=False))
    finally:
        remove_namespace(cluster)
    print(table(figures, (OURS,)))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "bench_dapr.json").write_text(json.dumps({"rounds": options.rounds, "cases": figures.to_dict(), "requests": requests}, indent=2) + "\n")


if __name__ == "__main__":
    main()
