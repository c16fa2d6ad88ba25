# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which names and folders a profile may have. What is refused here is refused before anything is read or changed."""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Profile

# As Minikube has it: parts of letters, digits and hyphens with dots between them, at least two characters.
_PART = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
_NAME = re.compile(rf"({_PART}\.)*{_PART}")
# The options as the module calls them, and the role beside it.
_OPTIONS = {
    "name": "name (local_cluster_profile)",
    "home": "home (local_cluster_state_dir)",
    "kubeconfig": "kubeconfig",
    "claims": "claims (a folder in local_cluster_cache_dir)",
}


def profile_of(params: dict) -> Profile:
    """The profile that the module's options name. Raises RunbookError where the name or a path can't be meant."""
    name = _checked_name(params["name"])
    home = _own_path("home", params["home"])
    if home.exists() and not home.is_dir():
        raise _refused("home", home, "is no folder", "Name a folder.")
    kubeconfig = _own_path("kubeconfig", str(home / "kubeconfig") if params["kubeconfig"] is None else params["kubeconfig"])
    if kubeconfig.is_dir():
        raise _refused("kubeconfig", kubeconfig, "is a folder", "Name a file.")
    return Profile(name, home, kubeconfig, _whole_path("claims", params["claims"]))


def _checked_name(name: str) -> str:
    if len(name) < 2 or not _NAME.fullmatch(name):
        raise _refused("name", repr(name), "is no name of a Minikube profile",
                       "Use two or more letters, digits, hyphens and dots, with a letter or a digit at each end and beside each dot.")
    return name


def _own_path(option: str, text: str) -> Path:
    """A path that may be the profile's own, with every symbolic link before its last part followed."""
    path = _whole_path(option, text)
    if path.is_symlink():
        raise _refused(option, path, "is a symbolic link", f"Name what it points to: {os.path.realpath(path)}")
    if path in _shared_folders():
        raise _refused(option, path, "is a home folder, or a folder that holds one", "Name one that belongs to this profile alone.")
    return path


def _whole_path(option: str, text: str) -> Path:
    if not text.strip():
        raise _refused(option, "''", "is empty", "Name a whole path, or leave the option out for its default.")
    path = Path(text)
    if not path.is_absolute():
        raise _refused(option, path, "is relative", "Give the whole path, beginning with /.")
    return Path(os.path.realpath(path)) if path.name in ("", "..") else Path(os.path.realpath(path.parent), path.name)


def _shared_folders() -> set[Path]:
    """The home folder of this user and what holds it, by both names where one is a symbolic link."""
    homes = {os.environ.get("HOME") or "/", pwd.getpwuid(os.geteuid()).pw_dir}
    paths = {path for home in homes for path in (Path(home), Path(os.path.realpath(home)))}
    return paths | {parent for path in paths for parent in path.parents}


def _refused(option: str, value: object, why: str, fix: str) -> RunbookError:
    return RunbookError(f"The option {_OPTIONS[option]} {why}: {value}. Nothing was changed. {fix}")
