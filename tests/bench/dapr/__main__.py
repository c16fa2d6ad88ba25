# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares ways of bringing Dapr back after faults that are made for real, in one run; see ../README.md."""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone

from audit import AuditLog
from dapr_faults.cases import FAULTS, fault
from dapr_faults.fault import Fault
from dapr_faults.looks import SYSTEM, asks_for_dapr, dapr_serves, eventually, is_ready, sidecar_of
from dapr_faults.trial import injection_serves
from dapr_faults.workloads import NAMESPACE, remove_namespace
from figures import Figures, table
from harness import OUTPUT, Playbooks, TestCluster

OURS, GUIDE, LIMIT = "recover_dapr.yml", "the guide's commands", "pod starts alone"
RECOVERED, ENDED, HEALTHY = "recovered", "command ended", "healthy Dapr, looked at"
CURABLE = [name for name, found in FAULTS.items() if not found.by_person]
RECOVER = "playbooks/recover_dapr.yml"
WANTED = 7  # pods of the control plane
PAUSE = 0.3  # seconds between looks
PATIENCE = 300
# What the guide's fixed commands delete and restart: (label of a part of the control plane, or "", application of the fault).
COMMANDS = {
    "operator_name_taken": ("dapr-operator", "deployment/waits-for-dapr"),
    "injector_name_taken": ("dapr-sidecar-injector", ""),
    "scheduler_member_down": ("dapr-scheduler-server", ""),
    "injector_away": ("dapr-sidecar-injector", "deployment/bare-deployment statefulset/bare-statefulset daemonset/bare-daemonset"),
    "daprd_stuck": ("", "deployment/stuck-sidecar"),
}


def recovered(cluster: TestCluster) -> bool:
    """Whether the control plane and every pod that asks for Dapr serve."""
    pods = json.loads(cluster.kubectl("get", "pods", "--all-namespaces", "-o", "json", check=False) or '{"items": []}')["items"]
    control = [pod for pod in pods if pod["metadata"]["namespace"] == SYSTEM]
    asking = [pod for pod in pods if asks_for_dapr(pod) and "deletionTimestamp" not in pod["metadata"]]
    return sum(map(is_ready, control)) == WANTED and all(is_ready(pod) and sidecar_of(pod) for pod in asking)


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


def measure(cluster: TestCluster, figures: Figures, name: str, way: str, cure: Callable[[Fault], None]) -> None:
    """One round of one way."""
    found, seen, stop = fault(name), [], threading.Event()
    dapr_serves(cluster)
    eventually(lambda: injection_serves(cluster))

    def watch() -> None:
        while not stop.wait(PAUSE) and not seen:
            if recovered(cluster):
                seen.append(time.monotonic())

    try:
        found.make(cluster)
        watcher = threading.Thread(target=watch, daemon=True)
        began = time.monotonic()
        watcher.start()
        cure(found)
        ended = time.monotonic()
        watcher.join(PATIENCE)
        stop.set()
        if not seen:
            raise SystemExit(f"{name}: {way} ended well, and not everything serves")
        figures.add(f"{name}, {RECOVERED}", way, seen[0] - began)
        figures.add(f"{name}, {ENDED}", way, ended - began)
        print(f"{name}, {way}: recovered after {seen[0] - began:.1f} s, ended after {ended - began:.1f} s", flush=True)
    finally:
        stop.set()
        found.clean(cluster)


def looks(cluster: TestCluster, playbooks: Playbooks, figures: Figures, requests: dict[str, list[int]]) -> None:
    """A healthy Dapr, looked at by the playbook, and by the guide's checks; how many requests the API server gets of each."""
    audit = AuditLog(cluster)

    def by_guide() -> None:
        for command in (("get", "pods", "-n", SYSTEM), ("get", "pods"), ("logs", "deployment/backend-api", "-c", "daprd", "--tail=50"), ("get", "components")):
            cluster.kubectl(*command)

    for way, look in ((OURS, lambda: playbooks.run(RECOVER).ok()), (GUIDE, by_guide)):
        since, began = datetime.now(timezone.utc), time.monotonic()
        look()
        figures.add(HEALTHY, way, time.monotonic() - began)
        requests.setdefault(way, []).append(len(audit.requests(since, datetime.now(timezone.utc))))
        print(f"{HEALTHY}, {way}: {requests[way][-1]} requests", flush=True)


def main() -> None:
    """Measures, prints, and writes tests/output/bench_dapr.json."""
    cli = argparse.ArgumentParser(prog="tests/bench/dapr")
    cli.add_argument("--rounds", type=int, default=3)
    cli.add_argument("--faults", nargs="*", default=CURABLE, choices=CURABLE, help="only these")
    options, figures = cli.parse_args(), Figures()
    cluster, playbooks = TestCluster(), Playbooks()
    requests: dict[str, list[int]] = {}
    AuditLog(cluster).switch_on()

    def ours(found: Fault) -> None:
        playbooks.run(RECOVER, dapr_allow_new_ca=found.name == "bundle_secret_missing").ok()

    try:
        for _number in range(options.rounds):
            dapr_serves(cluster)
            looks(cluster, playbooks, figures, requests)
            for name in options.faults:
                measure(cluster, figures, name, OURS, ours)
                if name in COMMANDS:
                    measure(cluster, figures, name, GUIDE, lambda found: by_guide(cluster, found.name, restarts=True))
                if name == "operator_name_taken":
                    measure(cluster, figures, name, LIMIT, lambda found: by_guide(cluster, found.name, restarts=False))
    finally:
        remove_namespace(cluster)
    print(table(figures, (OURS,)))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "bench_dapr.json").write_text(json.dumps({"rounds": options.rounds, "cases": figures.to_dict(), "requests": requests}, indent=2) + "\n")


if __name__ == "__main__":
    main()
