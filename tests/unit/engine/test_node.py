# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.node import (
    EngineAddress,
    address_from_container,
    address_from_docker_env,
    daemon_host,
    open_node,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.profile import MinikubeProfile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

PROFILE = MinikubeProfile("todo", "docker", "docker", 1, Path("/home/.minikube"))


def container(**fields):
    return {
        "Config": {"Labels": {"created_by.minikube.sigs.k8s.io": "true"}},
        "State": {"Running": True, "Paused": False, "Status": "running"},
        "NetworkSettings": {"Ports": {"2376/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32769"}]}},
        **fields,
    }


def test_the_address_is_the_published_port():
    assert address_from_container(container(), PROFILE, "127.0.0.1") == EngineAddress("tcp://127.0.0.1:32769", "/home/.minikube/certs")


@pytest.mark.parametrize(
    "found, words",
    [
        (None, "its node does not"),
        (container(State={"Running": False, "Status": "exited"}), r"is not running \(its node is exited\).*minikube start -p todo"),
        (container(State={"Running": True, "Paused": True, "Status": "paused"}), r"its node is paused"),
        (container(NetworkSettings={"Ports": {"2376/tcp": None}}), "does not publish"),
        (container(NetworkSettings={}), "does not publish"),
        (container(Config={"Labels": None}), "was not created by Minikube"),
    ],
)
def test_a_node_without_an_engine_is_a_clear_failure(found, words):
    with pytest.raises(RunbookError, match=words):
        address_from_container(found, PROFILE, "127.0.0.1")


@pytest.mark.parametrize(
    "url, host",
    [
        (None, "127.0.0.1"),
        ("", "127.0.0.1"),
        ("unix:///var/run/docker.sock", "127.0.0.1"),
        ("tcp://10.0.0.5:2376", "10.0.0.5"),
        ("ssh://me@build-host", "build-host"),
    ],
)
def test_daemon_host(url, host):
    assert daemon_host(url) == host


def test_the_address_that_minikube_prints():
    printed = json.dumps({"DOCKER_TLS_VERIFY": "1", "DOCKER_HOST": "tcp://192.168.39.2:2376", "DOCKER_CERT_PATH": "/c"})
    assert address_from_docker_env(printed, PROFILE) == EngineAddress("tcp://192.168.39.2:2376", "/c")


@pytest.mark.parametrize("printed", ["", "{}", "[]", "no"])
def test_another_print_is_a_clear_failure(printed):
    with pytest.raises(RunbookError, match="has no engine address for the profile todo"):
        address_from_docker_env(printed, PROFILE)


@pytest.mark.parametrize(
    "profile, words",
    [
        (replace(PROFILE, runtime="cri-o"), "uses the container runtime cri-o; images can be loaded into docker and containerd only"),
        (replace(PROFILE, nodes=2), "has 2 nodes.*not supported"),
    ],
)
def test_what_is_not_supported_is_refused_first(profile, words):
    with pytest.raises(RunbookError, match=words):
        open_node(profile, "minikube", run_command=None)


def test_minikube_is_called_for_other_drivers_with_the_profile_and_its_home(tmp_path):
    calls = []

    def run_command(command, environ_update, handle_exceptions):
        calls.append((command, environ_update))
        return 0, json.dumps({"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_CERT_PATH": str(tmp_path)}), ""

    with pytest.raises(RunbookError, match=r"ca\.pem is missing"):
        open_node(replace(PROFILE, driver="kvm2"), "/bin/minikube", run_command)
    assert calls == [(["/bin/minikube", "--profile", "todo", "docker-env", "--shell", "none", "--output", "json"], {"MINIKUBE_HOME": "/home/.minikube"})]


def missing_program(*_arguments, **_options):
    raise FileNotFoundError(2, "No such file or directory")


@pytest.mark.parametrize(
    "run_command, words",
    [
        (lambda *_a, **_o: (3, "", "machine does not exist\n"), "docker-env --shell none --output json failed: machine does not exist"),
        (missing_program, "program /bin/minikube cannot be run: No such file"),
    ],
)
def test_minikube_failing_is_a_clear_failure(run_command, words):
    with pytest.raises(RunbookError, match=words):
        open_node(replace(PROFILE, driver="kvm2"), "/bin/minikube", run_command)
