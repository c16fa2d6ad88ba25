# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares ways of deploying the example in one run; see ../README.md.

    make bench                                        or, with options:
    PYTHONPATH=tests/bench:tests/cluster $(scripts/venv newest)/bin/python tests/bench/deploy --profile runbook-test --rounds 3
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import tempfile
import time
from pathlib import Path

from cluster import FRONTEND_PORT, NAMESPACE, Bench
from example import CHECKOUT
from failures import MODULE, Failures
from figures import Aim, Figures, table
from watch import Watch
from ways import DOCKER_ENV, HERE, LOAD, OURS, PLAYBOOK, all_ways

OUTPUT = CHECKOUT / "tests/output"
NOTHING, SERVES, ENDED = "nothing changed", "one line changed, new pod serves", "one line changed, command ended"
PING = "one ping"
AIMS = (
    Aim(NOTHING, OURS, LOAD, 1 / 10),
    Aim(NOTHING, OURS, PLAYBOOK, 1 / 2),
    Aim(NOTHING, OURS, PING, 3),
    # Its own build and its own pod's start are all that these commands do.
    Aim(SERVES, OURS, DOCKER_ENV, 1.15),
)


def measure_way(bench: Bench, way, number: int, figures: Figures, host: str) -> None:
    """One round of one way: nothing changed, then one line."""
    print(f"round {number + 1}, {way.name}: settling", flush=True)
    way.settle()
    wait_for_old_pods(bench)
    figures.add(NOTHING, PING, bench.play(HERE / "ping.yml", {}).ok().seconds)
    figures.add(NOTHING, way.name, way.nothing().ok().seconds)
    version = f"{way.name.replace(' ', '-')}-{number}-{int(time.time())}"
    way.example.change_a_line(version)
    with Watch(host, FRONTEND_PORT, version) as watch:
        began = time.monotonic()
        done = way.change(version).ok()
        deadline = time.monotonic() + 60
        while watch.observed is None and time.monotonic() < deadline:
            time.sleep(0.05)
    if watch.observed is None:
        raise SystemExit(f"{way.name} ended well, and what it deployed does not serve")
    figures.add(SERVES, way.name, watch.observed - began)
    figures.add(ENDED, way.name, done.seconds)
    shown = f"nothing {figures.samples[NOTHING, way.name][-1]:.1f} s, serves {watch.observed - began:.1f} s, ended {done.seconds:.1f} s"
    print(f"round {number + 1}, {way.name}: {shown}", flush=True)


def wait_for_old_pods(bench: Bench) -> None:
    """Until the pods that a way has replaced while it settled are gone: their end is no part of what is measured."""
    deadline = time.monotonic() + 120
    while "deletionTimestamp" in bench.kubectl("get", "pods", "-o", "json") and time.monotonic() < deadline:
        time.sleep(1)


def remove(bench: Bench) -> None:
    """The namespace and the images of this program, in the node and on the host."""
    bench.run(["kubectl", "--context", bench.profile, "delete", "namespace", NAMESPACE, "--ignore-not-found"]).ok()
    for docker in (["docker"], ["docker", "exec", bench.profile, "docker"]):
        images = subprocess.run([*docker, "images", "--format", "{{.Repository}}:{{.Tag}}"], text=True, capture_output=True, check=True)
        own = [line for line in images.stdout.splitlines() if line.startswith("bench-")]
        if own:
            subprocess.run([*docker, "rmi", "--force", *own], check=True, capture_output=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    cli = argparse.ArgumentParser(prog="tests/bench/deploy")
    cli.add_argument("--profile", default="runbook-test", help="a profile that deploy.yml made and runs")
    cli.add_argument("--rounds", type=int, default=3)
    cli.add_argument("--ways", nargs="*", default=[OURS, LOAD, DOCKER_ENV, PLAYBOOK], help="only these; none: the broken images alone")
    cli.add_argument("--patience", type=int, default=120, help="seconds that the others may wait for a broken image")
    cli.add_argument("--without-failures", action="store_true", help="leave the broken images out")
    cli.add_argument("--keep", action="store_true", help="leave the namespace and the images")
    return cli.parse_args()


def main() -> None:
    """Measures, prints, and writes tests/output/bench_deploy.json."""
    options, figures = arguments(), Figures()
    bench = Bench.open(options.profile)
    host = bench.node_address
    named: dict = {}
    with tempfile.TemporaryDirectory(prefix="runbook-bench-") as folder:
        try:
            if options.ways:
                ways = all_ways(bench, Path(folder))
                ways[0].settle()  # the namespace, its Secrets, database and broker, which the others share
                for number in range(options.rounds):
                    for way in ways:
                        if way.name in options.ways:
                            measure_way(bench, way, number, figures, host)
            if not options.without_failures:
                failures = Failures(bench, figures, options.patience)
                failures.measure(options.rounds)
                named = failures.named
        finally:
            if not options.keep:
                remove(bench)
            write(options, figures, named)


def write(options: argparse.Namespace, figures: Figures, named: dict) -> None:
    """The table for a person, the file for a program. What was measured before something failed is written too."""
    aims = [aim.verdict(figures) for aim in AIMS]
    print(table(figures, (OURS, MODULE)))
    print(_named(named))
    for aim in aims:
        print(f"{aim['aim']}: {aim['ratio']}, {'not measured' if aim['met'] is None else 'met' if aim['met'] else 'MISSED'}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    report = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "rounds": options.rounds, "machine": platform.processor() or platform.machine(),
        "cases": figures.to_dict(), "aims": aims, "cause_named": named,
    }
    (OUTPUT / "bench_deploy.json").write_text(json.dumps(report, indent=2) + "\n")


def _named(named: dict) -> str:
    return "\n".join(f"{case}: the cause is named by {', '.join(way for way, yes in ways.items() if yes) or 'none'}" for case, ways in named.items())


if __name__ == "__main__":
    main()
