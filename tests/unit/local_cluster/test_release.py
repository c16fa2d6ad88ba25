# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Official releases from a real HTTP server: used if the checksum matches, refused if not, reported if unreachable."""

from __future__ import annotations

import hashlib
import http.server
import io
import socket
import tarfile
import threading

import host
import pytest
from release import download, is_registry_available

PROGRAM = b"#!/bin/sh\necho minikube version: v9.9.9\n"


class _Site(http.server.BaseHTTPRequestHandler):
    files: dict[str, bytes] = {}

    def do_GET(self):
        body = self.files.get(self.path)
        self.send_response(200 if body is not None else 401 if self.path == "/v2/" else 404)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *arguments):
        """Logs nothing."""


@pytest.fixture
def site():
    _Site.files = {}
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _publish(name, body, checksum=None):
    file = f"/v9.9.9/{name}-linux-{host.architecture()}"
    _Site.files[file] = body
    _Site.files[file + ".sha256"] = (checksum or hashlib.sha256(body).hexdigest()).encode()


def test_verified_release_is_downloaded_once(site, tmp_path):
    _publish("minikube", PROGRAM)
    first = download("minikube", "v9.9.9", site, tmp_path)
    assert first["changed"] and open(first["path"], "rb").read() == PROGRAM
    _Site.files.clear()
    assert download("minikube", "v9.9.9", site, tmp_path) == {"path": first["path"], "changed": False}


def test_corrupted_release_is_refused_and_not_cached(site, tmp_path):
    _publish("minikube", PROGRAM, checksum="0" * 64)
    with pytest.raises(SystemExit, match="The checksum of .* is wrong: its SHA-256 is"):
        download("minikube", "v9.9.9", site, tmp_path)
    assert not list(tmp_path.rglob("minikube"))


def test_check_downloads_nothing(site, tmp_path):
    _publish("minikube", PROGRAM)
    assert download("minikube", "v9.9.9", site, tmp_path, check=True)["changed"]
    assert not list(tmp_path.rglob("minikube"))


def test_helm_is_extracted_from_its_archive(site, tmp_path):
    system = f"linux-{host.architecture()}"
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"{system}/helm")
        entry.size = len(PROGRAM)
        archive.addfile(entry, io.BytesIO(PROGRAM))
    name = f"/helm-v9.9.9-{system}.tar.gz"
    _Site.files = {name: file.getvalue(), name + ".sha256sum": f"{hashlib.sha256(file.getvalue()).hexdigest()}  {name[1:]}\n".encode()}
    assert open(download("helm", "v9.9.9", site, tmp_path)["path"], "rb").read() == PROGRAM


def test_missing_release_is_unreachable(site, tmp_path):
    assert "Not Found" in download("minikube", "v9.9.9", site, tmp_path)["unreachable"]


def test_unresponsive_site_times_out(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        answer = download("minikube", "v9.9.9", f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
    assert "unreachable" in answer


def test_registry_that_requires_a_login_is_available(site):
    assert is_registry_available(site + "/v2/")
    assert not is_registry_available(site + "/nothing")
    assert not is_registry_available("http://127.0.0.1:9/v2/")
