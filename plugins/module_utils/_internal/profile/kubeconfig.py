# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds the profile's entries in a kubeconfig, and removes them from a file that has others too."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from .model import Profile

try:
    import yaml
except ImportError:
    yaml = None

_UNREADABLE = (OSError, UnicodeDecodeError, AttributeError, *([yaml.YAMLError] if yaml else []))
_CERTIFICATES = {"clusters": ("cluster", "certificate-authority"), "users": ("user", "client-certificate")}


def read_kubeconfig(file: Path) -> dict | None:
    """The file's content, {} where it is empty; None where it does not exist or is not a kubeconfig."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except _UNREADABLE:
        return None
    content = {} if content is None else content
    return content if isinstance(content, dict) and all(_are_entries(content.get(key)) for key in ("clusters", "users", "contexts")) else None


def without_profile(content: dict, profile: Profile) -> dict:
    """A kubeconfig without the profile's entries. Pure, except that links in paths are resolved.

    Outside of the profile's home, an entry of its name belongs to the profile only if its certificate is in Minikube's folder in that home.
    """
    folder = None if profile.kubeconfig.parent == profile.minikube_home else profile.folder
    own = {key: [entry for entry in content.get(key) or [] if _is_own(entry, key, profile.name, folder)] for key in _CERTIFICATES}
    if folder and not all(own.values()):
        return content
    own["contexts"] = [entry for entry in content.get("contexts") or [] if entry["name"] == profile.name]
    rest = {key: [entry for entry in content.get(key) or [] if entry not in own[key]] for key in own}
    current = {"current-context": ""} if content.get("current-context") == profile.name else {}
    return {**content, **rest, **current}


def is_empty(content: dict) -> bool:
    """Whether a kubeconfig has no entries."""
    return not any(content.get(key) for key in ("clusters", "users", "contexts", "preferences", "extensions"))


def names_profile(content: dict, name: str) -> bool:
    """Whether a kubeconfig has an entry of the profile's name."""
    return any(entry["name"] == name for key in ("clusters", "users", "contexts") for entry in content.get(key) or [])


def write_kubeconfig(file: Path, content: dict) -> None:
    """Replaces the file atomically, with its permissions."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, encoding="utf-8", delete=False) as new:
        try:
            yaml.safe_dump(content, new, sort_keys=False)
            shutil.copystat(file, new.name)
            os.replace(new.name, file)
        except BaseException:
            os.unlink(new.name)
            raise


def _are_entries(entries: object) -> bool:
    return entries is None or (isinstance(entries, list) and all(isinstance(entry, dict) and "name" in entry for entry in entries))


def _is_own(entry: dict, key: str, name: str, folder: Path | None) -> bool:
    if entry["name"] != name:
        return False
    kind, certificate = _CERTIFICATES[key]
    content = entry.get(kind)
    path = content.get(certificate) if isinstance(content, dict) else None
    return folder is None or (isinstance(path, str) and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)))
