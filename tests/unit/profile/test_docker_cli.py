# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Responses of the docker command: a missing object is a result, an unresponsive engine a failure with the next step."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.docker_cli import DockerCli

ABSENT = ["Error: No such container: x", "Error response from daemon: No such container: x", "Error response from daemon: get x: no such volume",
          "Error response from daemon: network x not found", "Error: No such network: x"]
DEAD = "Cannot connect to the Docker daemon at tcp://127.0.0.1:9. Is the docker daemon running?"
NO_SOCKET = "dial unix /var/run/docker.sock: connect: no such file or directory"


def docker(status, output="", errors=""):
    return DockerCli(lambda command, **options: (status, output, errors))


@pytest.mark.parametrize("errors", ABSENT)
def test_missing_object_is_none_and_its_removal_succeeds(errors):
    assert docker(1, errors=errors).inspect("container", "x") is None
    docker(1, errors=errors).remove("container", "x")


@pytest.mark.parametrize("status, errors, words", [
    (1, DEAD, "tcp://127.0.0.1:9.*correct DOCKER_HOST"),
    (1, NO_SOCKET, "Start the engine"),
    (124, "", "did not respond within 15 s"),
    (127, "timeout: failed to run command 'docker'", "docker command is not on PATH"),
])
def test_unresponsive_engine_is_reported_with_the_next_step(status, errors, words):
    with pytest.raises(RunbookError, match=words):
        docker(status, errors=errors).inspect("container", "x")


def test_existing_object_is_returned_as_described():
    assert docker(0, '[{"Id": "abc"}]').inspect("container", "x") == {"Id": "abc"}


def test_refused_removal_fails():
    with pytest.raises(RunbookError, match="volume is in use"):
        docker(1, errors="volume is in use").remove("volume", "x")
