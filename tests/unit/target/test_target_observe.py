# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to an API server, against real sockets that misbehave."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.observe import read_cluster_info
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.plan import ClusterTarget
from ansible_collections.runbook.minikube.plugins.module_utils._internal.target.reasons import REASONS, failure_message

NODE = {
    "metadata": {"name": "b", "labels": {"node-role.kubernetes.io/control-plane": ""}},
    "status": {
        "addresses": [{"type": "Hostname", "address": "b"}, {"type": "InternalIP", "address": "192.168.49.2"}],
        "nodeInfo": dict.fromkeys(
            (
                "architecture",
                "bootID",
                "kernelVersion",
                "kubeProxyVersion",
                "kubeletVersion",
                "machineID",
                "operatingSystem",
                "osImage",
                "systemUUID",
            ),
            "x",
        )
        | {"containerRuntimeVersion": "docker://28.0"},
    },
}
WORKER = {**NODE, "metadata": {"name": "a"}}
VERSION = dict.fromkeys(("buildDate", "compiler", "gitCommit", "gitTreeState", "goVersion", "major", "minor", "platform"), "x") | {
    "gitVersion": "v1.33.1"
}


def target(tmp_path, server, user=None, is_minikube=False):
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user or {"token": "planted-token"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "",
    }
    (tmp_path / "config").write_text(yaml.safe_dump(content))
    return ClusterTarget("x", "c", server, "default", str(tmp_path / "config"), is_minikube, "c" if is_minikube else None, None)


@pytest.fixture
def api():
    """A server that answers with what ``answers`` has for a path: (status, body)."""
    answers = {"/version/": (200, VERSION), "/api/v1/nodes": (200, {"kind": "NodeList", "metadata": {}, "items": [WORKER, NODE]})}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answers[self.path.partition("?")[0]]
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()


@pytest.fixture
def listening():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def refused(target, timeout=1):
    with pytest.raises(RunbookError) as error:
        read_cluster_info(target, timeout)
    assert "planted" not in str(error.value) + str(error.value.facts)
    return error.value.facts["reason"], str(error.value)


def test_version_and_the_control_planes_node(tmp_path, api):
    answer = read_cluster_info(target(tmp_path, api[0]), 5)
    assert (answer.kubernetes_version, answer.node, answer.node_address, answer.runtime) == ("v1.33.1", "b", "192.168.49.2", "docker")


def test_nodes_that_may_not_be_listed(tmp_path, api):
    api[1]["/api/v1/nodes"] = (403, {})
    answer = read_cluster_info(target(tmp_path, api[0]), 5)
    assert (answer.nodes_forbidden, answer.node_address) == (True, None)


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/version/", 401, "unauthorized"),
        ("/version/", 403, "forbidden"),
        ("/version/", 503, "not_ready"),
        ("/api/v1/nodes", 500, "not_ready"),
        ("/version/", 404, "other"),
    ],
)
def test_refusals_of_the_api(tmp_path, api, path, status, reason):
    api[1][path] = (status, {})
    assert refused(target(tmp_path, api[0]))[0] == reason


def test_nothing_listens(tmp_path, listening):
    port = listening.getsockname()[1]
    listening.close()
    reason, message = refused(target(tmp_path, f"https://127.0.0.1:{port}", is_minikube=True))
    assert reason == "refused"
    assert f"at https://127.0.0.1:{port} cannot be used" in message
    assert "minikube -p c status, then minikube -p c start" in message


def test_an_api_server_that_hangs(tmp_path, listening):
    assert refused(target(tmp_path, f"http://127.0.0.1:{listening.getsockname()[1]}"))[0] == "read_timeout"


def _cut_off(server):
    server.accept()[0].close()


def test_a_connection_that_is_cut_off(tmp_path, listening):
    threading.Thread(target=_cut_off, args=(listening,), daemon=True).start()
    assert refused(target(tmp_path, f"http://127.0.0.1:{listening.getsockname()[1]}"))[0] == "reset"


def test_no_such_name(tmp_path):
    assert refused(target(tmp_path, "https://nobody.invalid"), timeout=10)[0] == "dns"


def test_something_else_than_tls(tmp_path, api):
    assert refused(target(tmp_path, api[0].replace("http:", "https:")))[0] == "certificate"


def test_certificates_of_a_half_deleted_profile(tmp_path):
    reason, message = refused(
        target(tmp_path, "https://127.0.0.1:1", user={"client-certificate": "/nowhere/client.crt", "client-key": "/nowhere/client.key"})
    )
    assert reason == "credentials"
    assert "/nowhere/client.crt" in message


@pytest.mark.parametrize("kind", REASONS)
@pytest.mark.parametrize("is_minikube", [True, False])
def test_every_reason_names_the_cluster_and_a_next_step(tmp_path, kind, is_minikube):
    sentence = failure_message(kind, target(tmp_path, "https://s", is_minikube=is_minikube), 5, "detail")
    assert "https://s" in sentence and "detail" in sentence and "{" not in sentence
    assert sentence.endswith(".")
