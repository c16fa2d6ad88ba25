# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.profile import minikube_folder, parse_profile, read_profile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

CONFIG = {"Name": "todo", "Driver": "docker", "KubernetesConfig": {"ContainerRuntime": "containerd"}, "Nodes": [{"IP": "a"}, {"IP": "b"}]}


@pytest.mark.parametrize("home, expected", [("/a", "/a/.minikube"), ("/a/.minikube", "/a/.minikube"), ("/a/.minikube/", "/a/.minikube")])
def test_folder(home, expected):
    assert minikube_folder(home) == Path(expected)


def test_folder_without_a_setting(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert minikube_folder(None) == Path("/home/me/.minikube")
    assert minikube_folder("~/x") == Path("/home/me/x/.minikube")


def test_a_profile_is_read(tmp_path):
    place = tmp_path / ".minikube" / "profiles" / "todo"
    place.mkdir(parents=True)
    (place / "config.json").write_text(json.dumps(CONFIG))
    profile = read_profile("todo", str(tmp_path))
    assert (profile.driver, profile.runtime, profile.nodes, profile.folder) == ("docker", "containerd", 2, tmp_path / ".minikube")


def test_a_missing_profile_names_those_that_exist(tmp_path):
    with pytest.raises(RunbookError, match="It contains no profile"):
        read_profile("todo", str(tmp_path))
    (tmp_path / ".minikube" / "profiles" / "other").mkdir(parents=True)
    (tmp_path / ".minikube" / "profiles" / "other" / "config.json").write_text("{}")
    with pytest.raises(RunbookError, match=r"The Minikube profile todo does not exist .*Existing profiles: other\. .*minikube start -p todo"):
        read_profile("todo", str(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "null"])
def test_a_damaged_profile_is_a_clear_failure(tmp_path, text):
    place = tmp_path / ".minikube" / "profiles" / "todo"
    place.mkdir(parents=True)
    (place / "config.json").write_text(text)
    with pytest.raises(RunbookError, match="cannot be read from"):
        read_profile("todo", str(tmp_path))


def test_an_old_profile_without_a_runtime():
    assert parse_profile("p", '{"Driver": "kvm2"}', Path("/")).runtime == "docker"
