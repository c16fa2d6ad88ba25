# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module minikube_profile. Invalid names and paths are refused before anything is read or changed."""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import NOTHING_CHANGED, RunbookError
from .minikube import StartOptions
from .model import Profile

# As Minikube defines it: parts of letters, digits and hyphens with dots between them, at least two characters.
_PART = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
_NAME = re.compile(rf"({_PART}\.)*{_PART}")
# The module's options, each with the variable of the role local_cluster.
_OPTIONS = {
    "name": "name (local_cluster_profile)",
    "minikube_home": "minikube_home (local_cluster_state_dir)",
    "kubeconfig": "kubeconfig",
    "ownership_dir": "ownership_dir (a folder in local_cluster_cache_dir)",
}
ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent", "restarted"], "default": "present"},
    "minikube": {"type": "path", "default": "minikube"},
    "minikube_home": {"type": "path", "required": True},
    "kubeconfig": {"type": "path"},
    "ownership_dir": {"type": "path", "required": True},
    "container_runtime": {"type": "str", "choices": ["docker", "containerd"], "default": "docker"},
    "kubernetes_version": {"type": "str", "default": ""},
    "base_image": {"type": "str", "default": ""},
    "cpus": {"type": "int", "default": 2},
    "memory": {"type": "str", "default": "6g"},
    "arguments": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 360},
    "lock_timeout": {"type": "int", "default": 600},
}


@dataclass(frozen=True)
class ProfileOptions:
    """The requested state of a profile. ``timeout`` and ``lock_timeout`` are seconds."""

    profile: Profile
    state: str
    minikube: str
    start: StartOptions
    timeout: int
    lock_timeout: int

    @classmethod
    def of(cls, params: dict) -> ProfileOptions:
        """The checked options of a module's params. Raises RunbookError where the name or a path is invalid."""
        start = StartOptions(
            params["cpus"], params["memory"], params["container_runtime"], params["kubernetes_version"], params["base_image"], tuple(params["arguments"])
        )
        return cls(_profile(params), params["state"], params["minikube"], start, params["timeout"], params["lock_timeout"])


def _profile(params: dict) -> Profile:
    name = _checked_name(params["name"])
    home = _own_path("minikube_home", params["minikube_home"])
    if home.exists() and not home.is_dir():
        raise _refused("minikube_home", home, "is not a folder", "Set it to a folder.")
    kubeconfig = _own_path("kubeconfig", str(home / "kubeconfig") if params["kubeconfig"] is None else params["kubeconfig"])
    if kubeconfig.is_dir():
        raise _refused("kubeconfig", kubeconfig, "is a folder", "Set it to a file.")
    return Profile(name, home, kubeconfig, _absolute_path("ownership_dir", params["ownership_dir"]))


def _checked_name(name: str) -> str:
    if len(name) < 2 or not _NAME.fullmatch(name):
        raise _refused("name", repr(name), "is not a valid name of a Minikube profile",
                       "Use two or more letters, digits, hyphens and dots, with a letter or a digit at each end and beside each dot.")
    return name


def _own_path(option: str, text: str) -> Path:
    """A path that may belong to the profile alone, with all symbolic links before its last part resolved."""
    path = _absolute_path(option, text)
    if path.is_symlink():
        raise _refused(option, path, "is a symbolic link", f"Use the path it points to: {os.path.realpath(path)}")
    if path in _shared_folders():
        raise _refused(option, path, "is a home folder, or a parent of one", "Use a folder that belongs to this profile alone.")
    return path


def _absolute_path(option: str, text: str) -> Path:
    if not text.strip():
        raise _refused(option, "''", "is empty", "Set an absolute path, or omit the option for its default.")
    path = Path(text)
    if not path.is_absolute():
        raise _refused(option, path, "is relative", "Set an absolute path.")
    return Path(os.path.realpath(path)) if path.name in ("", "..") else Path(os.path.realpath(path.parent), path.name)


def _shared_folders() -> set[Path]:
    """The home folder of this user and its parents, by both names where one is a symbolic link."""
    homes = {os.environ.get("HOME") or "/", pwd.getpwuid(os.geteuid()).pw_dir}
    paths = {path for home in homes for path in (Path(home), Path(os.path.realpath(home)))}
    return paths | {parent for path in paths for parent in path.parents}


def _refused(option: str, value: object, problem: str, fix: str) -> RunbookError:
    return RunbookError(f"The option {_OPTIONS[option]} {problem}: {value}. {NOTHING_CHANGED} {fix}")
