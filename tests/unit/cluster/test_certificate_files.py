# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files that the Kubernetes client writes for the certificates and keys of a kubeconfig; uses the real client."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

import kubernetes
import pytest
from ansible_collections.kubernetes.core.plugins.module_utils.k8s import client
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster import certificate_files

KEY = b"planted-client-key"
CONFIG = {
    "current-context": "x",
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "u", "user": {name: base64.b64encode(KEY).decode() for name in ("client-key-data", "client-certificate-data")}}],
    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
}


@pytest.fixture(autouse=True)
def system_folder(tmp_path, monkeypatch):
    """Replaces the system's folder for temporary files."""
    (tmp_path / "system").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "system"))
    yield tmp_path / "system"
    certificate_files.remove()


def key_file(parent: Path) -> Path:
    """Loads the kubeconfig as kubernetes.core does; returns the path of the key file."""
    certificate_files.use_parent(lambda: str(parent))
    configuration = kubernetes.client.Configuration()
    with certificate_files.write_into_folder(kubernetes.config):
        kubernetes.config.load_kube_config_from_dict(CONFIG, client_configuration=configuration)
    return Path(configuration.key_file)


def test_files_are_in_one_private_folder_and_removed_with_it(tmp_path, system_folder):
    key = key_file(tmp_path)
    assert key.read_bytes() == KEY and key.parent == Path(certificate_files.folder())
    assert key.parent.parent == tmp_path and key.parent.stat().st_mode & 0o777 == 0o700
    certificate_files.remove()
    assert not key.parent.exists() and not list(system_folder.iterdir())


def test_the_next_module_in_the_process_gets_new_files(tmp_path):
    first = key_file(tmp_path)
    certificate_files.remove()
    second = key_file(tmp_path)
    assert second.read_bytes() == KEY and second.parent != first.parent


def test_the_client_is_restored(tmp_path):
    loads = kubernetes.config.load_kube_config, kubernetes.config.load_kube_config_from_dict
    key_file(tmp_path)
    assert (kubernetes.config.load_kube_config, kubernetes.config.load_kube_config_from_dict) == loads


def test_an_unused_folder_is_not_created(tmp_path):
    with certificate_files.inside(lambda: str(tmp_path)):
        before = list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == before


def test_kubernetes_core_creates_a_new_client_afterwards(monkeypatch):
    monkeypatch.setitem(client._pool, "digest", "a client with the former files")
    certificate_files.folder()
    certificate_files.remove()
    assert client._pool == {}
