# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that run in containers, here against a real HTTP server on loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.model import BROKEN, REFUSED, TIMED_OUT, HttpRequest, HttpResponse
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.programs import PROGRAMS
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.shell import responses_of

MARKER = "0123456789abcdef"
TOKEN = "token of the container"
BY_NAME = {program.command[0]: program for program in PROGRAMS}


class Sidecar(BaseHTTPRequestHandler):
    """Answers as daprd does; ``requests`` collects (method, path, body, headers)."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.requests.append((self.command, self.path, body, dict(self.headers)))
        status, text = {"/metadata": (200, '{"id": "größe", "x": "%s\\n"}'), "/broken": (500, '{"errorCode":"E"}'), "/moved": (302, "")}.get(
            self.path, (204, "")
        )
        self.send_response(status)
        self.send_header("Location", "/metadata")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_GET

    def log_message(self, *_words) -> None:
        """Silent."""


@pytest.fixture(name="server")
def sidecar():
    """A sidecar on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sidecar)
    server.requests = []
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(name="silent")
def stopped():
    """A port that accepts connections and does not answer, as a stopped process does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(name="closed_port")
def closed():
    """A port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return port


@pytest.fixture(name="run", params=["python3", "node", "curl", "wget", "busybox"])
def runner(request, tmp_path):
    """Runs requests with one program of this machine, in an environment that would lead it astray."""
    name = request.param
    found = sys.executable if name == "python3" else shutil.which(name)
    if not found:
        pytest.skip(f"this machine has no {name}")
    folder = tmp_path / "bin"
    folder.mkdir()
    if name in ("curl", "wget", "busybox"):
        for link in ("wget", "timeout") if name == "busybox" else (name,):
            (folder / link).symlink_to(found)
        shell = [found, "sh"] if name == "busybox" else [shutil.which("sh")]
        program = BY_NAME["sh"]
    else:
        shell, program = [found], BY_NAME[name]

    def run(*requests: HttpRequest, timeout: int = 5, **environment) -> list[HttpResponse]:
        astray = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1"}
        command = [*shell, *program.command_of(list(requests), timeout, MARKER)[1:]]
        done = subprocess.run(
            command, input=program.stdin_of(list(requests), timeout, MARKER), capture_output=True, timeout=60, check=True, cwd=tmp_path,
            env={"PATH": str(folder), **astray, **environment},
        )  # fmt: skip
        result = program.read(done.stdout.decode(), MARKER)
        assert result is not None, done
        assert result[0] == {"python3": "python", "node": "node", "busybox": "sh+wget"}.get(name, f"sh+{name}")
        return result[1]

    run.program = name
    return run


def get(server, path: str, **more) -> HttpRequest:
    return HttpRequest("GET", "127.0.0.1", server.server_port, path, **more)


def test_responses_have_status_and_body(run, server):
    ready, metadata, broken = run(get(server, "/ready"), get(server, "/metadata"), get(server, "/broken"))
    assert ready == HttpResponse(204)
    assert metadata == HttpResponse(200, '{"id": "größe", "x": "%s\\n"}')
    assert broken.status == 500
    assert broken.body == ("" if run.program == "busybox" else '{"errorCode":"E"}'), "BusyBox has no way to show it"
    assert [request[0] for request in server.requests] == ["GET"] * 3


def test_posted_body(run, server):
    data = json.dumps({"it's": '"$HOME" `id` @x \\n', "n": 1, "größe": None}, ensure_ascii=False)
    (answer,) = run(HttpRequest("POST", "127.0.0.1", server.server_port, "/publish/p/t?metadata.ttlInSeconds=60", data))
    assert answer.is_success
    method, path, body, headers = server.requests[0]
    assert (method, path, body) == ("POST", "/publish/p/t?metadata.ttlInSeconds=60", data)
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("value", [TOKEN, "", "it's $HOME \"x\" \\"])
def test_secret_header_comes_from_the_container(run, server, value):
    (answer,) = run(get(server, "/ready", secret_headers={"x-token": "VARIABLE"}), VARIABLE=value)
    headers = {name.lower(): value for name, value in server.requests[0][3].items()}
    sends = run.program not in ("wget", "busybox")  # which could send it only in the arguments of a process
    assert headers.get("x-token") == (value if sends and value else None)
    assert TOKEN not in repr(answer)


def test_refused_and_timed_out(run, closed_port, silent):
    (refused,) = run(HttpRequest("GET", "127.0.0.1", closed_port, "/"))
    assert (refused.status, refused.failure) == (None, REFUSED), refused
    (late,) = run(HttpRequest("GET", "127.0.0.1", silent, "/"), timeout=1)
    assert (late.status, late.failure) == (None, TIMED_OUT), late


def hang_up(listener: socket.socket) -> None:
    connection, _peer = listener.accept()
    connection.close()


def test_closed_connection(run):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        (answer,) = run(HttpRequest("GET", "127.0.0.1", listener.getsockname()[1], "/"), timeout=2)
    assert (answer.status, answer.failure) == (None, BROKEN) and answer.detail


def test_redirects_are_not_followed(run, server):
    if run.program == "busybox":
        pytest.skip("wget of BusyBox can't be stopped from following a redirect, and daprd sends none")
    assert run(get(server, "/moved"))[0].status == 302


@pytest.mark.parametrize("name", ["python3", "node"])
def test_other_output_is_ignored(name):
    line = f"warning {{}}\n\n{MARKER}[{{\"status\": 204, \"body\": \"\"}}]{MARKER}\nbye\n"
    assert BY_NAME[name].read(line, MARKER) == (BY_NAME[name].name, [HttpResponse(204)])
    assert BY_NAME[name].read("Traceback", MARKER) is None


def test_interrupted_script_has_no_responses():
    whole = MARKER.join(["hello", "curl", "\n204", "", "0", ""])
    assert responses_of(whole, MARKER) == ("curl", [HttpResponse(204)])
    assert responses_of(MARKER.join(["hello", "curl", "\n204", ""]), MARKER) is None
    assert responses_of("sh: not found", MARKER) is None


def test_shell_without_a_tool(tmp_path):
    program = BY_NAME["sh"]
    done = subprocess.run(
        [shutil.which("sh"), *program.command_of([], 5, MARKER)[1:]], env={"PATH": str(tmp_path)}, capture_output=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (127, b"neither curl nor wget\n")


def test_old_wget_without_the_status_of_a_success():
    assert responses_of(MARKER.join(["", "wget", "body", "", "0", ""]), MARKER) == ("wget", [HttpResponse(200, "body")])


def test_application_modules_do_not_shadow_the_standard_library(server, tmp_path):
    (tmp_path / "http.py").write_text("raise SystemExit('the wrong one')")
    program, requests = BY_NAME["python3"], [get(server, "/ready")]
    done = subprocess.run(
        [sys.executable, *program.command_of(requests, 5, MARKER)[1:]], input=program.stdin_of(requests, 5, MARKER), cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, timeout=20, check=True,
    )  # fmt: skip
    assert program.read(done.stdout.decode(), MARKER) == ("python", [HttpResponse(204)])
