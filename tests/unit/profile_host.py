# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module minikube_profile on real folders, with an engine that is a set of names; and homes as the module, the role and Minikube fill them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.modules import minikube_profile
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessModule, ModuleExit

CONTAINER = "5f0c1c3f6a1e"
# As version 0.1.0 wrote them: a claim knew neither the name of its profile nor its home.
CLAIM = '{"since": "2026-01-01T12:00:00.000001+00:00", "container": "5f0c1c3f6a1e"}'
MINIKUBE_FILES = (
    "ca.crt", "ca.key", "ca.pem", "cert.pem", "key.pem", "proxy-client-ca.crt", "proxy-client-ca.key", "machine_client.lock",
    "certs/ca.pem", "certs/ca-key.pem", "certs/cert.pem", "certs/key.pem", "machines/server.pem", "machines/server-key.pem",
    "logs/audit.json", "logs/lastStart.txt", "cache/linux/amd64/v1.33.1/kubelet", "cache/images/amd64/registry.k8s.io/etcd_3.5.21-0",
    "profiles/{name}/client.crt", "profiles/{name}/client.key", "profiles/{name}/apiserver.crt.7fb57e3c", "profiles/{name}/events.json",
    "machines/{name}/config.json", "machines/{name}/id_rsa", "machines/{name}/id_rsa.pub",
)
MINIKUBE_FOLDERS = ("addons", "config", "files")


@dataclass
class Docker:
    """The engine's containers, volumes and networks, each as kind and name; ``calls`` are those that would change something."""

    objects: set[tuple[str, str]] = field(default_factory=set)
    calls: list[list[str]] = field(default_factory=list)

    def __call__(self, command: list[str], **_options) -> tuple[int, str, str]:
        kind, verb, *rest = command[command.index("docker") + 1:]
        thing = (kind, rest[-1])
        if verb == "inspect":
            return (0, json.dumps([self._record(kind)]), "") if thing in self.objects else (1, "", f"Error: No such {kind}: {rest[-1]}")
        if verb == "rm":
            self.calls.append([kind, *rest])
            self.objects.discard(thing)
            return 0, "", ""
        return 1, "", "Error: No such container:path"

    def _record(self, kind: str) -> dict:
        if kind != "container":
            return {}
        return {"Id": CONTAINER, "State": {"Status": "exited", "Running": False}, "Config": {"Image": "kicbase", "Labels": {}},
                "Created": "2026-01-01T12:01:00Z"}


@dataclass
class Host:
    """A host with an engine, a home folder and a cache, on which the module runs."""

    root: Path
    docker: Docker = field(default_factory=Docker)

    @property
    def user_home(self) -> Path:
        return self.root / "home/me"

    @property
    def home(self) -> Path:
        return self.user_home / ".local/share/runbook.minikube/runbook"

    @property
    def claims(self) -> Path:
        return self.user_home / ".cache/runbook.minikube/claims"

    def run(self, check_mode: bool = False, **options) -> dict:
        """The module's result, by default of removing the profile runbook as the role requests it."""
        parameters = {"name": "runbook", "state": "absent", "minikube_home": str(self.home), "ownership_dir": str(self.claims), **options}
        module = InProcessModule(minikube_profile.ARGUMENT_SPEC, parameters, check_mode=check_mode, connects=False)
        module.run_command = self.docker
        with pytest.raises(ModuleExit) as ended:
            minikube_profile.run(module)
        return ended.value.result

    def refused(self, *words: str, **options) -> None:
        """Asserts that the module fails with these words, and that nothing was changed."""
        before = self.tree()
        result = self.run(**options)
        assert result.get("failed"), result
        for word in words:
            assert word in result["msg"]
        assert self.tree() == before and self.docker.calls == []

    def tree(self) -> dict[str, str]:
        """All files, folders and links with their content."""
        return {str(path.relative_to(self.root)): _content(path) for path in self.root.rglob("*") if path.name != "runbook.lock"}

    def make(self, name: str = "runbook", home: Path | None = None, in_engine: bool = True) -> Path:
        """A cluster that was deployed, as version 0.1.0 left it on disk and in the engine."""
        home = home or self.home
        write_minikube(home / ".minikube", name)
        write(self.claims / f"{name}.json", CLAIM)
        write(home / "claim.json", CLAIM)
        write(home / "kubeconfig", yaml.safe_dump(kubeconfig(name, home / ".minikube")))
        record = {"profile": name, "context": name, "kubeconfig": str(home / "kubeconfig"), "minikube_home": str(home), "source": "modules"}
        write(home / "local_cluster.json", json.dumps(record, indent=4) + "\n")
        if in_engine:
            self.docker.objects |= {(kind, name) for kind in ("container", "volume", "network")}
        return home


def write(file: Path, text: str) -> Path:
    """A file with its folders."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def write_minikube(folder: Path, name: str) -> None:
    """What Minikube makes in its folder for a profile."""
    for file in MINIKUBE_FILES:
        write(folder / file.format(name=name), f"{name}\n")
    for empty in MINIKUBE_FOLDERS:
        (folder / empty).mkdir(exist_ok=True)
    write(folder / f"profiles/{name}/config.json", json.dumps({"Name": name, "Driver": "docker", "KicBaseImage": "kicbase"}))


def kubeconfig(name: str, folder: Path, current: str | None = None) -> dict:
    """A kubeconfig as Minikube writes it."""
    return {
        "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": current or name,
        "clusters": [{"name": name, "cluster": {"server": "https://192.168.49.2:8443", "certificate-authority": str(folder / "ca.crt")}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        "users": [{"name": name, "user": {"client-certificate": str(folder / f"profiles/{name}/client.crt"),
                                          "client-key": str(folder / f"profiles/{name}/client.key")}}],
    }


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    return "folder" if path.is_dir() else path.read_text()
