# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that observe connections, run here as in a container, and what their answers contain."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.model import NetworkTarget
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.programs import PROGRAMS, Request, probe_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.network.shell_program import answer_of

NODE, PYTHON, _PYTHON_2, SHELL = PROGRAMS
NOT_HERE = pytest.mark.skip("this machine has no such program")
ANY = [pytest.param(one, id=one.name, marks=() if shutil.which(one.command[0]) else NOT_HERE) for one in (NODE, PYTHON, SHELL)]
PASSWORD = "p@ss-word"


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == "/health" else 500)
        self.end_headers()

    def log_message(self, *_arguments):
        """Nothing is printed."""


@pytest.fixture(scope="module")
def port():
    """Where something listens."""
    server = HTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture
def closed():
    """A port at which nothing listens while it is bound."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def observe(program, *targets, trials=(), **env):
    request = Request(targets, 20, "a-marker", trials)
    done = subprocess.run(
        program.command_of(request), input=program.stdin_of(request), env={**os.environ, **env}, capture_output=True, timeout=300, check=False
    )
    probe = program.read(done.stdout.decode(), request)
    assert probe and PASSWORD not in done.stdout.decode() + done.stderr.decode(), done
    return probe


@pytest.mark.parametrize("program", ANY)
def test_names_addresses_and_ports(program, port, closed):
    url = f"postgresql://user:{PASSWORD}@127.0.0.1:{port}/db?sslmode=disable"
    targets = (
        NetworkTarget("127.0.0.1", port), NetworkTarget("127.0.0.1", closed), NetworkTarget("no-such-name.invalid", 1), NetworkTarget(env="URL", port=5432),
        NetworkTarget(env="UNSET", port=1), NetworkTarget(env="NO_URL", port=1), NetworkTarget(env="UNSET", port=1, required=False),
        *(NetworkTarget(env=name, port=port) for name in ("HOSTS", "SOCKET", "WORD", "IPV6", "NO_PORT")),
    )  # fmt: skip
    urls = {"HOSTS": "postgresql://a:1,b:2/db", "SOCKET": "postgresql:///db", "WORD": "redis://host:port", "IPV6": "http://[::1]:99/x", "NO_PORT": "x://[::1]"}
    found = observe(program, *targets, URL=url, NO_URL="host=somewhere", **urls).connections
    open_, refused, unknown, of_url, unset, unclear, hosts, socket_, word, ipv6, no_port = found
    assert [one.url_problem for one in (hosts, socket_, word)] == ["unclear"] * 3
    assert (ipv6.host, ipv6.port, ipv6.where) == ("::1", 99, "[::1]:99") and (no_port.host, no_port.port) == ("::1", port)
    assert open_.attempts[0].failure == "" and open_.attempts[0].family == 4 and open_.lookup.failure == "" and open_.where == f"127.0.0.1:{port}"
    assert refused.attempts[0].failure == "ECONNREFUSED" and not refused.answering
    assert unknown.lookup.failure in ("ENOTFOUND", "EAI_AGAIN") and unknown.attempts == ()
    assert (of_url.host, of_url.port) == ("127.0.0.1", port) and of_url.answering
    assert (unset.url_problem, unclear.url_problem) == ("unset", "unclear")


@pytest.mark.parametrize("program", ANY[:2])
def test_tls_and_http_follow_the_connection(program, port):
    targets = [NetworkTarget("127.0.0.1", port, scheme, path) for scheme, path in (("http", "/health"), ("http", "/"), ("https", "/health"))]
    good, bad, no_tls = observe(program, *targets).connections
    assert (good.http["status"], bad.http["status"], good.tls) == (204, 500, None)
    assert no_tls.tls["failure"] and no_tls.http is None


@pytest.mark.skipif(not shutil.which("node"), reason="not here")
def test_node_shows_its_own_connections_and_tries_values(port, closed):
    targets = (NetworkTarget(env="UNSET", port=1), NetworkTarget("127.0.0.1", port), NetworkTarget("127.0.0.1", closed))
    probe = observe(NODE, *targets, trials=("--dns-result-order=ipv4first", "--no-such-flag"), NODE_OPTIONS="")
    _unset, good, refused = probe.connections
    assert good.node.failure == "" and refused.node.failure == "ECONNREFUSED" and refused.node.errors == (("ECONNREFUSED", "127.0.0.1"),)
    assert probe.settings.version.startswith("v") and probe.process.runtime == "node"
    ordered, unknown = probe.trials[1:]
    assert ordered.settings.result_order == "ipv4first" and [one.failure for one in ordered.connects] == ["", "ECONNREFUSED"]
    assert unknown.exit_code == 9 and "--no-such-flag" in unknown.detail and unknown.settings is None


@pytest.fixture
def own_node(tmp_path):
    """Node.js under a name of its own, as another one may run on this machine, but not in the application's container."""
    program = tmp_path / "node-of-the-application"
    shutil.copy(os.path.realpath(shutil.which("node")), program)
    return program


@pytest.mark.skipif(not shutil.which("node"), reason="not here")
def test_settings_and_code_are_those_of_the_running_process(tmp_path, own_node):
    code = "require('http').createServer().listen(0); console.log('up')"
    (tmp_path / "node_modules").mkdir()
    for place, text in (("node_modules/x.js", "net.setDefaultAutoSelectFamily(false)"), ("auth.js", "(0,n.setDefaultAutoSelectFamily)(!1)")):
        (tmp_path / place).write_text(text)
    command, env = [own_node, "--dns-result-order=ipv4first", "-e", code], {**os.environ, "NODE_OPTIONS": "--max-old-space-size=100"}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE) as running:
        running.stdout.readline()
        try:
            probe = observe(replace(NODE, command=(str(own_node), *NODE.command[1:])), NODE_OPTIONS="")
        finally:
            running.kill()
    assert (probe.process.found, probe.process.options, probe.process.container_options) == (True, "--max-old-space-size=100", "")
    assert probe.process.source == str(tmp_path / "auth.js") and probe.settings.result_order == "ipv4first"


def test_incomplete_output_is_no_answer():
    request = Request((), 5, "m")
    assert NODE.read("a warning", request) is None and SHELL.read("mlookupm0m1mm", request) is None and PYTHON.read("m{}", request) is None


def test_answer_of_the_shell():
    lines = [
        "url m 0 m store m 1", "lookup m 0 m 20 m found", "attempt m 0 m 192.0.2.1 m 5000 m 1 m nc: 192.0.2.1: Connection timed out",
        "attempt m 0 m 2001:db8::1 m 10 m 1 m Network is unreachable", "attempt m 0 m 192.0.2.2 m 5010 m 1 m ",
        "attempt m 0 m 192.0.2.3 m 9 m 1 m ?", "end",
    ]  # fmt: skip
    output = "".join(f"\n#{line.replace(' m ', '#')}#\n" for line in lines)
    (target,) = answer_of(output, (NetworkTarget("store", 1),), "#", 5)["targets"]
    assert [one["failure"] for one in target["attempts"]] == ["TIMEOUT", "ENETUNREACH", "TIMEOUT", "FAILED"]
    assert [one["family"] for one in target["attempts"]] == [4, 6, 4, 4]
    assert probe_of("sh", (NetworkTarget("store", 1),), {"targets": [target]}).connections[0].host == "store"
