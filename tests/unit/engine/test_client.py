# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine import client
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.client import Engine, EngineError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

pytest.importorskip("docker")


class Answers(BaseHTTPRequestHandler):
    """An engine that knows its version and refuses the rest with 500; builds are broken off, those of late:1 in the middle."""

    def do_GET(self):
        body = json.dumps({"ApiVersion": "1.41"} if self.path == "/version" else {"message": "out of order"}).encode()
        self.send_response(200 if self.path == "/version" else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        if "load" in self.path:
            self.server.released.wait(60)  # without reading, nor answering
            return
        if "late" in self.path:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b'20\r\n{"stream": "Step 1/2 : FROM a"}\r')
            self.wfile.flush()
        self.connection.close()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def engine(monkeypatch):
    server = HTTPServer(("127.0.0.1", 0), Answers)
    server.released = threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
    yield Engine.of_host()
    server.released.set()
    server.shutdown()
    server.server_close()


def test_a_dead_docker_host_is_named_with_its_cause(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(EngineError, match=r"\(DOCKER_HOST=tcp://127.0.0.1:1\) does not respond: Connection refused\. .*unset"):
        Engine.of_host()


def test_a_dead_socket_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineError, match=r"none\.sock\) does not respond: No such file or directory"):
        Engine.of_host()


def test_an_unknown_context_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    with pytest.raises(RunbookError, match="docker context nowhere does not exist"):
        Engine.of_host()


def test_missing_certificates_are_named(tmp_path):
    with pytest.raises(RunbookError, match=r"Node .*ca\.pem is missing"):
        Engine.of_address("tcp://127.0.0.1:1", str(tmp_path), "Node")


def test_a_refusal_names_the_request_and_the_reason(engine):
    with pytest.raises(EngineError, match="refused listing its images: out of order") as caught:
        engine.images()
    assert caught.value.status == 500


def test_a_connection_that_breaks_off_is_a_clear_failure_without_arguments(engine):
    with pytest.raises(EngineError, match="closed the connection while building") as caught:
        list(engine.build([b"x" * 512], tag="a:1", buildargs={"TOKEN": "hidden"}))
    assert "hidden" not in str(caught.value)


def test_an_engine_that_dies_in_the_middle_of_a_build_is_a_clear_failure(engine):
    with pytest.raises(EngineError, match="closed the connection while building"):
        list(engine.build([b"x" * 512], tag="late:1"))


def test_errors_of_the_archive_pass_through(engine):
    def archive():
        yield b"x" * 512
        raise RunbookError("a.py changed")

    with pytest.raises(RunbookError, match=r"^a\.py changed$"):
        list(engine.build(archive(), tag="a:1"))


@pytest.mark.parametrize("pieces", [1, 10_000], ids=["does not answer", "takes nothing any more"])
def test_an_engine_without_progress_ends_a_load(engine, monkeypatch, pieces):
    monkeypatch.setattr(client, "ARCHIVE_TIMEOUTS", (0.2, 0.2))
    with pytest.raises(EngineError, match="has made no progress while loading: .*timed out"):
        engine.load(b"x" * 65536 for _number in range(pieces))
