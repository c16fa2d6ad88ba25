# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a broken image to its cause: this collection's module beside `kubectl rollout status` and kubernetes.core.k8s with wait."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

from cluster import NAMESPACE, Bench, Done
from figures import Figures

HERE = Path(__file__).resolve().parent
NAME = "broken"
MODULE, KUBECTL, K8S = "rollout", "kubectl rollout status", "kubernetes.core.k8s"
# What is broken: the image's Dockerfile after FROM, and what a message that names the cause has in it.
BROKEN = {
    "no such program": ('ENTRYPOINT ["/nowhere/serve"]', r"nowhere/serve"),
    "exits immediately": ("ENTRYPOINT [\"sh\", \"-c\", \"echo KeyError: DATABASE_URL >&2; exit 3\"]", r"KeyError: DATABASE_URL"),
}
DEPLOYMENT = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME, "namespace": NAMESPACE},
    "spec": {
        "selector": {"matchLabels": {"app": NAME}},
        "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {"labels": {"app": NAME}},
            "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": NAME, "image": "bench-broken/good:1"}]},
        },
    },
}  # fmt: skip


class Failures:
    """Rolls a good Deployment to a broken image, each time from the good one."""

    def __init__(self, bench: Bench, figures: Figures, patience: int):
        self._bench, self._figures, self._patience = bench, figures, patience
        self._base = bench.record["base_images"]["busybox"]
        self.named: dict[str, dict[str, bool]] = {}

    def measure(self, rounds: int) -> None:
        """This module ``rounds`` times; the others once, as without a cause they take all of their timeout."""
        self._bench.run(["kubectl", "create", "namespace", NAMESPACE])  # it may be there, or not
        self._build("good", 'ENTRYPOINT ["sleep", "infinity"]')
        for case, (last_line, _cause) in BROKEN.items():
            self._build(case, last_line)
            for number in range(rounds):
                self._one(case, MODULE, self._by_module)
                if number == 0:
                    self._one(case, KUBECTL, self._by_kubectl)
                    self._one(case, K8S, self._by_k8s)
        self._bench.kubectl("delete", "deployment", NAME, "--wait=false")

    def _one(self, case: str, way: str, run) -> None:
        self._restore()
        began = time.monotonic()
        done = run(_image(case))
        self._figures.add(f"broken image, {case}", way, time.monotonic() - began)
        if done.status == 0:
            raise SystemExit(f"{way} calls a broken image a success:\n{done.output}")
        found = bool(re.search(BROKEN[case][1], done.output))
        if way == MODULE and not found:
            raise SystemExit(f"{way} failed without the cause of the broken image:\n{done.output}")
        self.named.setdefault(case, {})[way] = found
        print(f"{case}: {way} ended after {done.seconds:.1f} s, {'naming' if found else 'without'} the cause", flush=True)

    def _by_module(self, image: str) -> Done:
        return self._bench.play(HERE / "broken_rollout.yml", self._variables(image))

    def _by_kubectl(self, image: str) -> Done:
        commands = f"kubectl -n {NAMESPACE} set image deployment/{NAME} {NAME}={image} && " \
                   f"kubectl -n {NAMESPACE} rollout status deployment/{NAME} --timeout={self._patience}s"
        return self._bench.run(["bash", "-c", commands])

    def _by_k8s(self, image: str) -> Done:
        return self._bench.play(HERE / "broken_k8s.yml", self._variables(image))

    def _variables(self, image: str) -> dict:
        return {"bench_namespace": NAMESPACE, "bench_name": NAME, "bench_image": image, "bench_patience": self._patience}

    def _restore(self) -> None:
        """The Deployment with its good image, recreated, so that no run inherits the back-off of the one before."""
        self._bench.kubectl("delete", "deployment", NAME, "--ignore-not-found")
        self._bench.run(["bash", "-c", f"kubectl apply -f - <<'END'\n{json.dumps(DEPLOYMENT)}\nEND"]).ok()
        self._bench.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=60s")

    def _build(self, case: str, last_line: str) -> None:
        dockerfile = f"FROM {self._base}\n{last_line}\n"
        command = ["docker", "exec", "-i", self._bench.profile, "docker", "build", "--quiet", "-t", _image(case), "-"]
        subprocess.run(command, input=dockerfile, text=True, check=True, capture_output=True, timeout=120)


def _image(case: str) -> str:
    return f"bench-broken/{case.replace(' ', '-')}:1"
