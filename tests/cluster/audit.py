# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The API server's audit log on the test cluster: what people and their tools asked for, and what of it was stored.

It is switched on in the running node, by the API server's own manifest, as the profile may have been made without it; the kubelet then
starts the API server anew. It stays on, as switching it off would be one more restart; it goes with the profile.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import parse_qs, urlsplit

from harness import TestCluster

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
POLICY_FILE = "/var/lib/minikube/certs/audit-policy.yaml"  # in a folder that the API server has mounted
FLAGS = (f"--audit-policy-file={POLICY_FILE}", "--audit-log-path=-")
# What people and their tools ask for; the control plane's own goes on all the time.
POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    userGroups: [system:nodes, system:serviceaccounts]
  - level: None
    users: [system:apiserver, system:kube-controller-manager, system:kube-scheduler]
  - level: Metadata
"""
USER = "minikube-user"  # whom Minikube's kubeconfig names
ANSWERED = "ResponseComplete"
READY_SECONDS = 180


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
        asks = self.verb in READING or self.resource.endswith("reviews") or (self.resource, self.subresource) == ("pods", "exec")
        return self.status < 300 and not self.dry_run and not asks


class AuditLog:
    """The log of a cluster; ``switch_on`` before anything is read."""

    def __init__(self, cluster: TestCluster):
        self._cluster = cluster

    def switch_on(self) -> None:
        """Lets the API server write it, if it does not, and waits until the control plane has settled."""
        if all(flag in self._node("cat", MANIFEST) for flag in FLAGS):
            return
        self._node("tee", POLICY_FILE, stdin=POLICY)
        # Written beside the watched folder and moved into it: the kubelet never sees half a file.
        added = "".join(f"\\n    - {flag}" for flag in FLAGS)
        self._node("sh", "-c", f"sed 's|^    - kube-apiserver$|&{added}|' {MANIFEST} > /tmp/kube-apiserver.yaml && mv /tmp/kube-apiserver.yaml {MANIFEST}")
        self._wait_until_on()

    def requests(self, since: datetime, until: datetime) -> list[Request]:
        """What the cluster's user asked for between two times of this machine, whose clock the node shares; a watch once it has ended."""
        lines = self._node("sh", "-c", f"docker logs --since {since.isoformat()} {self._container()} 2>/dev/null").splitlines()
        events = [json.loads(line) for line in lines if line.startswith('{"kind":"Event"')]
        own = [event for event in events if event["user"]["username"] == USER and event["stage"] == ANSWERED]
        return [_request(event) for event in own if since <= datetime.fromisoformat(event["requestReceivedTimestamp"]) <= until]

    def stored(self, since: datetime, until: datetime) -> list[Request]:
        """Those of them that can have left something behind."""
        return [request for request in self.requests(since, until) if request.stored]

    def _wait_until_on(self) -> None:
        """A write of our own has to show up in the log."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            began = datetime.now(timezone.utc)
            self._cluster.kubectl("create", "configmap", "audit-probe", "--dry-run=server", check=False)
            try:
                if any(request.resource == "configmaps" for request in self.requests(began, datetime.now(timezone.utc))):
                    self._cluster.kubectl("wait", "--for=condition=Ready", "pods", "-n", "kube-system", "--all", "--timeout=120s")
                    return
            except subprocess.CalledProcessError:
                pass  # its container is just being replaced
            time.sleep(2)
        raise AssertionError(f"the API server wrote no audit log within {READY_SECONDS} s: {self._node('cat', MANIFEST)[:2000]}")

    def _container(self) -> str:
        return self._node("docker", "ps", "--quiet", "--latest", "--filter", "name=k8s_kube-apiserver_").strip() or "none"

    def _node(self, *command: str, stdin: str | None = None) -> str:
        full = ["docker", "exec", *(["-i"] if stdin else []), self._cluster.profile, *command]
        return subprocess.run(full, input=stdin, text=True, capture_output=True, check=True, timeout=120).stdout


def _request(event: dict) -> Request:
    reference = event.get("objectRef") or {}
    query = parse_qs(urlsplit(event["requestURI"]).query)
    parts = {key: reference.get(key, "") for key in ("resource", "subresource", "namespace", "name")}
    return Request(event["verb"], **parts, status=event["responseStatus"]["code"], dry_run=query.get("dryRun") == ["All"])
