# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files that are known to belong to a profile, and their removal. Only empty folders are removed, and no symbolic link is followed."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from pathlib import Path

from ..errors import RunbookError
from .kubeconfig import is_empty, names_profile, read_kubeconfig, without_profile, write_kubeconfig
from .model import FileRemoval, ObservedProfile, Profile
from .ownership import record_home, recorded_name, records_at

# Files that Minikube creates in its folder for all profiles, and can create again.
_SHARED_FILES = (
    "ca.crt", "ca.key", "ca.pem", "cert.pem", "key.pem", "proxy-client-ca.crt", "proxy-client-ca.key", "machine_client.lock", "last_update_check",
    "tunnels.json", "certs/ca.pem", "certs/ca-key.pem", "certs/cert.pem", "certs/key.pem", "machines/server.pem", "machines/server-key.pem",
    "logs/audit.json", "logs/lastStart.txt",
)
_SHARED_TREES = ("cache/images", "cache/iso", "cache/kic", "cache/linux", "cache/preloaded-tarball")
_LAST = ("claim.json",)  # until everything else is removed, it proves that the home is ours
_FOLDERS = ("addons", "bin", "cache", "certs", "config", "files", "logs", "machines", "profiles")


def plan_removal(profile: Profile, observed: ObservedProfile) -> FileRemoval:
    """Which of the profile's files would be removed now, and which would remain."""
    records = tuple(records_at(profile.ownership_files[0]) if observed.has_record else [])
    kubeconfig, entries, remaining = _kubeconfig(profile, observed)
    home = profile.minikube_home
    if not observed.owns_home:
        return FileRemoval((), (), records, entries, (*remaining, *([home] if home.exists() else [])))
    paths, folders, foreign = _classify(home, _known_paths(profile, kubeconfig), _known_folders(profile))
    return FileRemoval(tuple(paths), tuple(folders), records, entries, (*remaining, *foreign))


@contextlib.contextmanager
def path_errors():
    """Turns the system's errors about a path into a RunbookError."""
    try:
        yield
    except OSError as error:
        if not error.filename:
            raise
        raise RunbookError(
            f"{error.filename} cannot be used: {error.strerror}. Correct its owner or permissions, or use another folder (options "
            "minikube_home, kubeconfig and ownership_dir), and run again."
        ) from error


def profile_trees(profile: Profile) -> list[Path]:
    """The folders that Minikube creates for this profile alone, also one for each node, unless a symbolic link leads to them."""
    machine = re.compile(rf"{re.escape(profile.name)}(-m\d+)?")
    trees = [profile.folder / "profiles" / profile.name]
    trees += [path for path in _children(profile.folder / "machines") if machine.fullmatch(path.name)]
    return [path for path in trees if path.is_dir() and os.path.realpath(path) == str(path)]


def remove_files(profile: Profile, removal: FileRemoval) -> None:
    """Removes the planned files, the ownership records last, so that the next run can complete an interrupted removal."""
    if removal.folders or removal.paths:
        record_home(profile)
    for path in removal.paths:
        remove(path)
    if removal.kubeconfig_entries:
        write_kubeconfig(profile.kubeconfig, without_profile(read_kubeconfig(profile.kubeconfig) or {}, profile))
    for folder in removal.folders:
        _remove_empty(folder)
    for record in records_at(profile.ownership_files[0]):
        remove(record)


def remove(path: Path) -> None:
    """Removes a file, or a tree that is the profile's own, if it exists."""
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _remove_empty(folder: Path) -> None:
    """Keeps a folder if a file was added to it since it was observed."""
    with contextlib.suppress(FileNotFoundError):
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise


def _classify(folder: Path, known: set[Path], folders: set[Path]) -> tuple[list[Path], list[Path], list[Path]]:
    """The known paths of a folder, the folders that are empty without them, and foreign paths. The ownership record is the last known path."""
    paths: list[Path] = []
    empty: list[Path] = []
    foreign: list[Path] = []
    for child in _children(folder):
        if child in known:
            paths.append(child)
        elif child in folders and child.is_dir() and not child.is_symlink():
            for own, nested in zip((paths, empty, foreign), _classify(child, known, folders), strict=True):
                own += nested
        else:
            foreign.append(child)
    paths.sort(key=lambda path: path.name in _LAST)
    return paths, empty if foreign else [*empty, folder], foreign


def _known_paths(profile: Profile, kubeconfig: list[Path]) -> set[Path]:
    """The files and trees of the profile, and if its home has no other profile, those that Minikube shares between profiles."""
    trees = profile_trees(profile)
    role = [profile.cluster_record] if recorded_name(profile) == profile.name else []
    shared = [] if _has_other_profiles(profile, trees) else _shared_paths(profile.folder)
    return {*trees, *kubeconfig, *records_at(profile.ownership_files[1]), *role, *shared}


def _shared_paths(folder: Path) -> list[Path]:
    files = [path for name in _SHARED_FILES if (path := folder / name).is_file() and not path.is_symlink()]
    return [*files, *(path for name in _SHARED_TREES if (path := folder / name).is_dir() and not path.is_symlink())]


def _known_folders(profile: Profile) -> set[Path]:
    return {profile.folder, *(profile.folder / name for name in _FOLDERS)}


def _has_other_profiles(profile: Profile, trees: list[Path]) -> bool:
    """Whether the profile's home has another profile, or a machine of one."""
    existing = {path for kind in ("profiles", "machines") for path in _children(profile.folder / kind) if path.is_dir()}
    return bool(existing - set(trees))


def _kubeconfig(profile: Profile, observed: ObservedProfile) -> tuple[list[Path], bool, list[Path]]:
    """The kubeconfig if it is removed completely, whether the profile's entries are removed from it, and the file if any of them remain."""
    inside = profile.kubeconfig.parent == profile.minikube_home
    content = read_kubeconfig(profile.kubeconfig)
    if content is None or not (observed.owns_home if inside else observed.has_record):
        return [], False, []
    rest = without_profile(content, profile)
    if inside and is_empty(rest):
        return [profile.kubeconfig], False, []
    return [], rest != content, [profile.kubeconfig] if names_profile(rest, profile.name) and not inside else []


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
