# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files that the Kubernetes client makes of the certificates and keys in a kubeconfig, with that client."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

import kubernetes
import pytest
from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client
from ansible_collections.runbook.minikube.plugins.module_utils.cluster import certificate_files

KEY = b"planted-client-key"
CONFIG = {
    "current-context": "x",
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "u", "user": {name: base64.b64encode(KEY).decode() for name in ("client-key-data", "client-certificate-data")}}],
    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
}


@pytest.fixture(autouse=True)
def system_folder(tmp_path, monkeypatch):
    """What the client takes for the system's folder for temporary files."""
    (tmp_path / "system").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "system"))
    yield tmp_path / "system"
    certificate_files.remove()


def key_file(parent: Path) -> Path:
    """Loads the kubeconfig as kubernetes.core does, and gives the path of the key's file."""
    certificate_files.keep_below(lambda: str(parent))
    configuration = kubernetes.client.Configuration()
    with certificate_files.written_here(kubernetes.config):
        kubernetes.config.load_kube_config_from_dict(CONFIG, client_configuration=configuration)
    return Path(configuration.key_file)


def test_they_stand_in_one_folder_of_this_user_and_go_with_it(tmp_path, system_folder):
    key = key_file(tmp_path)
    assert key.read_bytes() == KEY and key.parent == Path(certificate_files.folder())
    assert key.parent.parent == tmp_path and key.parent.stat().st_mode & 0o777 == 0o700
    certificate_files.remove()
    assert not key.parent.exists() and not list(system_folder.iterdir())


def test_the_next_module_of_the_same_process_gets_files_of_its_own(tmp_path):
    first = key_file(tmp_path)
    certificate_files.remove()
    second = key_file(tmp_path)
    assert second.read_bytes() == KEY and second.parent != first.parent


def test_the_client_is_left_as_it_was(tmp_path):
    loads = kubernetes.config.load_kube_config, kubernetes.config.load_kube_config_from_dict
    key_file(tmp_path)
    assert (kubernetes.config.load_kube_config, kubernetes.config.load_kube_config_from_dict) == loads


def test_a_folder_that_nobody_asked_for_is_not_made(tmp_path):
    with certificate_files.below(lambda: str(tmp_path)):
        before = list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == before


def test_kubernetes_core_opens_a_new_client_after_it(monkeypatch):
    monkeypatch.setitem(client._pool, "digest", "a client with the former files")
    certificate_files.folder()
    certificate_files.remove()
    assert client._pool == {}
