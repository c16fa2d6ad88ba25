# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of port_forward: what is refused names the option and the fix."""

from __future__ import annotations

import os

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.port_forward.options import InfoOptions
from port_forward_data import entry, options


@pytest.mark.parametrize(("changes", "words"), [
    ({"name": "../todo"}, "name: '../todo' can't be used. Use lower-case letters"),
    ({"name": ""}, "name: ''"),
    ({"address": "localhost"}, "address: 'localhost' is no IP address. Use 127.0.0.1"),
    ({"address": "nowhere.example"}, "0.0.0.0 or :: for everyone"),
    ({"timeout": 0}, "timeout: 0"),
    ({"forwards": []}, "forwards: nothing to forward. Name a Service in forwards, or several by label_selector."),
    ({"forwards": [entry("a"), entry("b", port=70000)]}, "forwards[1].port: 70000 is no port. Use a number from 1 to 65535, or the name"),
    ({"forwards": [entry("a", port=0)]}, "forwards[0].port: 0 is no port"),
    ({"forwards": [entry("a", port="-1")]}, "forwards[0].port: -1 is no port"),
    ({"forwards": [entry("a", local_port=70000)]}, "forwards[0].local_port: 70000 is no port. Use a number from 1 to 65535, or 0 for a free one."),
    ({"forwards": [entry("a", local_port=-1)]}, "forwards[0].local_port: -1"),
    ({"forwards": [entry("a", path="health")]}, "forwards[0].path: 'health' must start with '/'"),
    ({"forwards": [entry("a", status=200)]}, "forwards[0].status: 200 needs to be an HTTP status from 100 to 599, and a path."),
    ({"forwards": [entry("a", status=20, path="/")]}, "forwards[0].status: 20"),
])  # fmt: skip
def test_bad_options_are_refused_with_the_option_and_the_fix(changes, words):
    with pytest.raises(RunbookError) as refused:
        options(**changes)
    assert words in str(refused.value)


def test_to_end_forwards_no_other_option_is_needed():
    assert options(state="absent", forwards=[]).requests == ()


def test_paths_of_the_connection_are_absolute_as_the_supervisor_runs_elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    made = options(kubeconfig="a/config:~/b", client_cert="cert.pem", state_dir="~/state")
    assert made.connection["kubeconfig"] == f"{tmp_path}/a/config:/home/me/b"
    assert made.connection["client_cert"] == os.path.join(tmp_path, "cert.pem") and made.state_dir == "/home/me/state"


@pytest.mark.parametrize(("connection", "stored", "has_credentials"), [
    ({"kubeconfig": "/k"}, {"context": "minikube", "kubeconfig": "/k", "host": ""}, False),
    ({"kubeconfig": {"users": ["planted"]}}, {"context": "minikube", "kubeconfig": "(content)", "host": ""}, True),
    ({"kubeconfig": "users:\n- planted\n"}, {"context": "minikube", "kubeconfig": "(content)", "host": ""}, True),
    ({"host": "https://h", "api_key": "planted"}, {"context": "minikube", "kubeconfig": "", "host": "https://h"}, True),
    ({"proxy": "http://me:planted@proxy:1"}, {"context": "minikube", "kubeconfig": "", "host": ""}, True),
    ({"proxy": "http://proxy:1"}, {"context": "minikube", "kubeconfig": "", "host": ""}, False),
    ({}, {"context": "minikube", "kubeconfig": "", "host": ""}, False),
])  # fmt: skip
def test_the_stored_target_has_no_credentials(connection, stored, has_credentials):
    made = options(**connection)
    assert made.target == stored and made.has_credentials is has_credentials and "planted" not in str(made.target)


@pytest.mark.parametrize("changes", [{"name": "a/b"}, {"log_lines": -1}])
def test_bad_options_of_the_report_are_refused(changes):
    with pytest.raises(RunbookError, match=next(iter(changes))):
        InfoOptions.of({"name": "", "log_lines": 1, "state_dir": "/nowhere", **changes})
