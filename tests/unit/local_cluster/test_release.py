# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Official releases from a real HTTP server: only a file with the checksum in this collection, or in an option, is used."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from collection import CHECKOUT
from registry import is_registry_available

PROGRAM = b"#!/bin/sh\necho minikube version: v9.9.9\n"
CHECKSUM = hashlib.sha256(PROGRAM).hexdigest()
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
SYSTEM = f"{platform.system().lower()}-{ARCHITECTURES.get(platform.machine(), platform.machine())}"
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Download
      vars:
        local_cluster__origins: {}
        local_cluster__paths: {}
      block:
        - ansible.builtin.include_role: {name: runbook.minikube.local_cluster, tasks_from: download}
      rescue:
        - ansible.builtin.set_fact: {local_cluster__release: {failure: "{{ ansible_failed_result.msg }}"}}
      always:
        - ansible.builtin.copy: {dest: "{{ playbook_dir }}/{{ inventory_hostname }}.json", content: "{{ local_cluster__release | to_json }}"}
          check_mode: false
"""


def _archive() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"{SYSTEM}/helm")
        entry.size = len(PROGRAM)
        archive.addfile(entry, io.BytesIO(PROGRAM))
    return file.getvalue()


HELM = _archive()
FILES = {
    f"/v9.9.9/minikube-{SYSTEM}": PROGRAM,
    f"/v1.36.0/minikube-{SYSTEM}": PROGRAM,
    f"/v1.36.0/minikube-{SYSTEM}.sha256": CHECKSUM.encode(),  # a site whose file was replaced together with its checksum
    f"/v9.9.9/bin/{SYSTEM.replace('-', '/')}/kubectl": PROGRAM,
    f"/helm-v9.9.9-{SYSTEM}.tar.gz": HELM,
}
# Host: the program, the start of the names of its options, their values, and a file that an earlier run left in the cache.
CASES = {
    "kubectl": ("kubectl", "local_cluster_kubectl_release", {"checksum": CHECKSUM.upper()}, b""),
    "helm": ("helm", "local_cluster_helm_release", {"checksum": hashlib.sha256(HELM).hexdigest()}, PROGRAM[:9]),  # interrupted while it was extracted
    "cached": ("minikube", "local_cluster_release", {"checksum": CHECKSUM, "url": "http://127.0.0.1:9"}, PROGRAM),
    "replaced": ("minikube", "local_cluster_release", {"version": "v1.36.0"}, b""),
    "unknown": ("minikube", "local_cluster_release", {}, b""),
    "missing": ("minikube", "local_cluster_release", {"version": "v9.9.8", "checksum": CHECKSUM}, b""),
}


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = FILES.get(self.path)
        self.send_response(200 if body is not None else 401 if self.path == "/v2/" else 404)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body or b"")

    do_HEAD = do_GET

    def log_message(self, *arguments):
        """Logs nothing."""


@pytest.fixture(scope="module")
def site():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _options(case: str, site: str, folder: Path) -> dict:
    program, start, values, left = CASES[case]
    named = {"url": site, "version": "v9.9.9", **values}
    cache = folder / f"{case}-cache"
    if left:
        file = cache / f"releases/{program}-{named['checksum'][:12]}/{program}"
        file.parent.mkdir(parents=True)
        file.write_bytes(left)
    return {"local_cluster__program": program, "local_cluster_cache_dir": str(cache), **{f"{start}_{key}": named[key] for key in named}}


def _run(folder: Path, site: str, cases, *options: str) -> dict:
    """The result of each case, from one run of a playbook."""
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"hosts": {case: {**common, **_options(case, site, folder)} for case in cases}}}
    (folder / "hosts.json").write_text(json.dumps(inventory))
    (folder / "play.yml").write_text(PLAY)
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.json", "play.yml", *options]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "playbooks/collections"), "ANSIBLE_STDOUT_CALLBACK": "default"}
    done = subprocess.run(command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    return {case: json.loads((folder / f"{case}.json").read_text()) for case in cases}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("releases")


@pytest.fixture(scope="module")
def results(folder, site) -> dict:
    return _run(folder, site, [case for case in CASES if case != "missing"])


@pytest.mark.parametrize("case", ["kubectl", "helm", "cached"])
def test_verified_release_is_used(results, case):
    path = Path(results[case]["path"])
    assert path.read_bytes() == PROGRAM
    assert path.stat().st_mode & 0o777 == 0o700


def test_cache_is_private(results, folder):
    assert {path.stat().st_mode & 0o077 for path in (folder / "kubectl-cache", *(folder / "kubectl-cache").rglob("*"))} == {0}


def test_release_with_another_checksum_is_refused_and_not_kept(results, folder):
    assert "is wrong" in results["replaced"]["failure"] and CHECKSUM in results["replaced"]["failure"]
    assert not [path for path in (folder / "replaced-cache").rglob("*") if path.is_file()]


def test_release_without_a_known_checksum_is_not_downloaded(results):
    assert f"SHA-256 of minikube v9.9.9 for {SYSTEM} is not known" in results["unknown"]["failure"]
    assert "local_cluster_release_checksum" in results["unknown"]["failure"] and "v1.36.0" in results["unknown"]["failure"]


def test_check_mode_requests_the_site_and_downloads_nothing(tmp_path, site):
    results = _run(tmp_path, site, ["kubectl", "missing"], "--check")
    assert results["kubectl"]["path"].startswith(str(tmp_path / "kubectl-cache"))
    assert "Not Found" in results["missing"]["unreachable"]
    assert not (tmp_path / "kubectl-cache").exists()


def test_registry_that_requires_a_login_is_available(site):
    assert is_registry_available(site + "/v2/")
    assert not is_registry_available(site + "/nothing")
    assert not is_registry_available("http://127.0.0.1:9/v2/")
