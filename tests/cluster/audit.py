# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The API server's audit log on the test cluster: what one user requested, and what of it was stored.

The profile is made with it: Minikube copies the policy from the profile's own folder into the node.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from harness import AUDIT_POLICY, STATE, TestCluster

# The one whose requests are written: those of other tests, which run beside, are not among them.
ACCOUNT = "runbook-test-check-mode"
USER = f"system:serviceaccount:kube-system:{ACCOUNT}"
POLICY = f"""\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    users: ["{USER}"]
  - level: None
"""
ANSWERED = "ResponseComplete"
READING = ("get", "list", "watch")


@dataclass(frozen=True)
class Request:
    """One request, as the API server answered it."""

    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    status: int
    dry_run: bool

    @property
    def stored(self) -> bool:
        """Whether it can have left something behind. A review is an answer, and an exec is judged by what it runs."""
        reads = self.verb in READING or self.resource.endswith("reviews") or (self.resource, self.subresource) == ("pods", "exec")
        return self.status < 300 and not self.dry_run and not reads


def have_policy() -> None:
    """Puts the policy where Minikube takes it from when it makes the node."""
    file = Path(f"{STATE}/.minikube/files{AUDIT_POLICY}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(POLICY)


def remove_policy() -> None:
    """Removes it, and the folders that it alone is in: it is none of what teardown.yml has made."""
    file = Path(f"{STATE}/.minikube/files{AUDIT_POLICY}")
    file.unlink(missing_ok=True)
    for folder in list(file.parents)[: len(Path(AUDIT_POLICY).parents)]:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


class AuditLog:
    """The log of a cluster."""

    def __init__(self, cluster: TestCluster):
        self._cluster = cluster

    def requests(self, since: datetime, until: datetime) -> list[Request]:
        """What the user requested between two times of this machine, whose clock the node shares; a watch once it has ended."""
        lines = self._node("sh", "-c", f"docker logs --since {since.isoformat()} {self._container()} 2>/dev/null").splitlines()
        events = [json.loads(line) for line in lines if line.startswith('{"kind":"Event"')]
        own = [event for event in events if event["user"]["username"] == USER and event["stage"] == ANSWERED]
        return [_request(event) for event in own if since <= datetime.fromisoformat(event["requestReceivedTimestamp"]) <= until]

    def stored(self, since: datetime, until: datetime) -> list[Request]:
        """Those of them that can have left something behind."""
        return [request for request in self.requests(since, until) if request.stored]

    def _container(self) -> str:
        return self._node("docker", "ps", "--quiet", "--latest", "--filter", "name=k8s_kube-apiserver_").strip()

    def _node(self, *command: str) -> str:
        full = ["docker", "exec", self._cluster.profile, *command]
        return subprocess.run(full, text=True, capture_output=True, check=True, timeout=120).stdout


def _request(event: dict) -> Request:
    reference = event.get("objectRef") or {}
    query = parse_qs(urlsplit(event["requestURI"]).query)
    parts = {key: reference.get(key, "") for key in ("resource", "subresource", "namespace", "name")}
    return Request(event["verb"], **parts, status=event["responseStatus"]["code"], dry_run=query.get("dryRun") == ["All"])
