# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares ways of restoring sign-in after a change of the secret, in one run; see ../README.md."""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import threading
import time
from contextlib import ExitStack

import requests
from figures import Figures, table
from harness import OUTPUT, Playbooks, TestCluster
from todo_client import TodoClient

OURS, GUIDE = "recover_auth.yml", "the guide's commands"
ACCEPTED, ENDED, OLD = "a new token is accepted", "command ended", "former tokens are accepted"
HOLDERS, KEY, LIST_KEY = ("frontend-secrets", "backend-api-secrets"), "better-auth-secret", "better-auth-secrets"
PATIENCE = 300  # seconds until a token has to be accepted
RECOVER = "playbooks/recover_auth.yml"


class Bench:
    """The application whose sign-in is broken and restored."""

    def __init__(self):
        self.cluster, self.playbooks = TestCluster(), Playbooks()
        node = next(one["address"] for one in self.cluster.objects("nodes")[0]["status"]["addresses"] if one["type"] == "InternalIP")
        ports = {service["metadata"]["name"]: service["spec"]["ports"][0].get("nodePort") for service in self.cluster.objects("services")}
        self.person = TodoClient.signed_up(f"http://{node}:{ports['frontend']}", f"http://{node}:{ports['backend-api']}")

    def break_sign_in(self) -> str:
        """Changes the secret as the guide's incident has it, and returns a token of before. Raises SystemExit where nothing is broken by it."""
        token = self.person.token()
        # Without the list of a rotation, as in the guide: with it another value of the one secret would break nothing.
        data = {"data": {LIST_KEY: None, KEY: base64.b64encode(secrets.token_urlsafe(32).encode()).decode()}}
        for name in HOLDERS:
            self.cluster.kubectl("patch", "secret", name, "--type=merge", "--patch-file", "/dev/stdin", stdin=json.dumps(data))
        self._restart("frontend", "backend-api")
        self.person.http.cookies.clear()
        self.person.sign_in()
        status = self.person.http.get(f"{self.person.frontend}/api/auth/token", timeout=60).status_code
        if status != 500:
            raise SystemExit(f"a token is answered with {status}, so nothing is broken")
        return token

    def restore(self, way: str) -> None:
        """Carries out one way."""
        if way == OURS:
            self.playbooks.run(RECOVER).ok()
            return
        self.cluster.kubectl("exec", "postgres-0", "--", "psql", "-U", "todo", "-d", "todo", "-c", "DELETE FROM jwks;")
        self._restart("frontend")

    def accepts(self, token: str) -> bool:
        """Whether the backend accepts a token."""
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.person.backend}/api/tasks", headers=headers, timeout=60).status_code == 200

    def forget(self) -> None:
        """Has the backend reload the public keys, as it does at the latest when it is deployed the next time."""
        self._restart("backend-api")

    def _restart(self, *names: str) -> None:
        for name in names:
            self.cluster.kubectl("rollout", "restart", f"deployment/{name}")
        for name in names:
            self.cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout=180s")


def first_accepted(bench: Bench, accepted: list[float]) -> None:
    """Notes when a new token is first accepted."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if bench.accepts(bench.person.token()):
                accepted.append(time.monotonic())
                return
        except requests.RequestException:
            time.sleep(0.2)


def measure(bench: Bench, way: str, figures: Figures, old_accepted: dict) -> None:
    """One round of one way."""
    former, accepted = bench.break_sign_in(), []
    watch = threading.Thread(target=first_accepted, args=(bench, accepted), daemon=True)
    began = time.monotonic()
    watch.start()
    with ExitStack() as stack:
        stack.callback(watch.join)
        bench.restore(way)
        figures.add(ENDED, way, time.monotonic() - began)
    if not accepted:
        raise SystemExit(f"{way} ended well, and no token is accepted")
    figures.add(ACCEPTED, way, accepted[0] - began)
    bench.forget()
    old_accepted[way] = old_accepted.get(way, True) and bench.accepts(former)
    print(f"{way}: accepted after {accepted[0] - began:.1f} s, ended after {figures.samples[ENDED, way][-1]:.1f} s; {OLD}: {old_accepted[way]}", flush=True)


def main() -> None:
    """Measures, prints, and writes tests/output/bench_auth.json."""
    cli = argparse.ArgumentParser(prog="tests/bench/auth")
    cli.add_argument("--rounds", type=int, default=3)
    options, figures, old_accepted = cli.parse_args(), Figures(), {}
    bench = Bench()
    try:
        for _number in range(options.rounds):
            for way in (OURS, GUIDE):
                measure(bench, way, figures, old_accepted)
    finally:
        bench.restore(OURS)
    print(table(figures, (OURS,)))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    report = {"rounds": options.rounds, "cases": figures.to_dict(), OLD: old_accepted}
    (OUTPUT / "bench_auth.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
