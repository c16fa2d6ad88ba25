# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A way to the test cluster's API on which every request is counted: kubectl's own proxy, with its log of requests."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from typing import Self
from urllib.parse import parse_qs, urlsplit

from background import Background
from harness import TestCluster


class CountingProxy(Background):
    """Use as a context manager. ``server`` is its URL, ``kubeconfig`` leads through it; ``count`` has (verb, resource) to the number of requests."""

    def __init__(self, cluster: TestCluster):
        self._command = cluster.command("proxy", "--port=0", "-v=6")
        self.count: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        self._proxy = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.server = f"http://{self._proxy.stdout.readline().split()[-1]}"
        self.kubeconfig = _kubeconfig(self.server)
        return super().__enter__()

    def __exit__(self, *exception) -> None:
        self._proxy.terminate()
        super().__exit__(*exception)
        self._proxy.wait()

    def _run(self) -> None:
        for line in self._proxy.stderr:
            logged = re.search(r'verb="(\w+)" url="([^"]+)"', line)
            if logged:
                self.count[_request(*logged.groups())] += 1


def _kubeconfig(server: str) -> dict:
    """Names a server that requires no credentials."""
    context = {"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}
    return {"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "proxy", "cluster": {"server": server}}],
            "users": [{"name": "nobody", "user": {}}], "contexts": [context], "current-context": "proxy"}


def _request(method: str, url: str) -> tuple[str, str]:
    """(watch, list, get or another method in lower case, resource)."""
    parts = urlsplit(url)
    resource = parts.path.rpartition("/")[2]
    watches = parse_qs(parts.query).get("watch", ["false"])[0].lower() in ("true", "1")
    return ("watch" if watches else method.lower()), resource
