# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A profile's files: which are known as its own, and their removal. A folder goes only once it is empty, and no symbolic link is followed."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.claim import note_home, recorded_name, records_at
from ansible_collections.runbook.minikube.plugins.module_utils.profile.kubeconfig import (
    is_bare,
    names_profile,
    read_kubeconfig,
    without_profile,
    write_kubeconfig,
)
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Observed, Profile, Removal

# What Minikube makes in its folder for all profiles there, and can make again.
_SHARED_FILES = (
    "ca.crt", "ca.key", "ca.pem", "cert.pem", "key.pem", "proxy-client-ca.crt", "proxy-client-ca.key", "machine_client.lock", "last_update_check",
    "tunnels.json", "certs/ca.pem", "certs/ca-key.pem", "certs/cert.pem", "certs/key.pem", "machines/server.pem", "machines/server-key.pem",
    "logs/audit.json", "logs/lastStart.txt",
)
_SHARED_TREES = ("cache/images", "cache/iso", "cache/kic", "cache/linux", "cache/preloaded-tarball")
_LAST = ("claim.json",)  # until all else is gone, it tells that the home is ours
_FOLDERS = ("addons", "bin", "cache", "certs", "config", "files", "logs", "machines", "profiles")


def survey(profile: Profile, observed: Observed) -> Removal:
    """What of the profile's files would be removed now, and what would stay."""
    records = tuple(records_at(profile.claim_files[0]) if observed.has_claim else [])
    kubeconfig, entries, left = _kubeconfig(profile, observed)
    if not observed.own_home:
        return Removal((), (), records, entries, (*left, *([profile.home] if profile.home.exists() else [])))
    paths, folders, foreign = _sorted_out(profile.home, _known_paths(profile, kubeconfig), _known_folders(profile))
    return Removal(tuple(paths), tuple(folders), records, entries, (*left, *foreign))


@contextlib.contextmanager
def clear_path_failures():
    """Turns the system's refusal of a path into a sentence."""
    try:
        yield
    except OSError as error:
        if not error.filename:
            raise
        raise RunbookError(
            f"{error.filename} can't be used: {error.strerror}. Correct its owner or permissions, or name another folder (options home, "
            "kubeconfig and claims), and run again."
        ) from error


def profile_trees(profile: Profile) -> list[Path]:
    """The folders that Minikube makes for this profile alone, one for each node's machine, where no symbolic link leads to them."""
    machine = re.compile(rf"{re.escape(profile.name)}(-m\d+)?")
    found = [profile.folder / "profiles" / profile.name]
    found += [path for path in _children(profile.folder / "machines") if machine.fullmatch(path.name)]
    return [path for path in found if path.is_dir() and os.path.realpath(path) == str(path)]


def remove_files(profile: Profile, removal: Removal) -> None:
    """Removes what was planned, our records last, so that a removal that is cut off is known as ours by the next run."""
    if removal.folders or removal.paths:
        note_home(profile)
    for path in removal.paths:
        remove(path)
    if removal.entries:
        write_kubeconfig(profile.kubeconfig, without_profile(read_kubeconfig(profile.kubeconfig) or {}, profile))
    for folder in removal.folders:
        _remove_empty(folder)
    for record in records_at(profile.claim_files[0]):
        remove(record)


def remove(path: Path) -> None:
    """Removes a file, or a tree that is known as the profile's own; that there is none is no failure."""
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _remove_empty(folder: Path) -> None:
    """What was put into a folder since the look stays, and the folder with it."""
    with contextlib.suppress(FileNotFoundError):
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise


def _sorted_out(folder: Path, known: set[Path], folders: set[Path]) -> tuple[list[Path], list[Path], list[Path]]:
    """What is known in a folder, which folders are empty without it, and what is foreign; of the known, the record in the home comes last."""
    paths, empty, foreign = [], [], []
    for child in _children(folder):
        if child in known:
            paths.append(child)
        elif child in folders and child.is_dir() and not child.is_symlink():
            for found, more in zip((paths, empty, foreign), _sorted_out(child, known, folders), strict=True):
                found += more
        else:
            foreign.append(child)
    paths.sort(key=lambda path: path.name in _LAST)
    return paths, empty if foreign else [*empty, folder], foreign


def _known_paths(profile: Profile, kubeconfig: list[Path]) -> set[Path]:
    """The files and trees that are the profile's, and where no other profile is in its home, those that Minikube shares between profiles."""
    trees = profile_trees(profile)
    role = [profile.record_file] if recorded_name(profile) == profile.name else []
    shared = [] if _has_others(profile, trees) else _shared_paths(profile.folder)
    return {*trees, *kubeconfig, *records_at(profile.claim_files[1]), *role, *shared}


def _shared_paths(folder: Path) -> list[Path]:
    files = [path for name in _SHARED_FILES if (path := folder / name).is_file() and not path.is_symlink()]
    return [*files, *(path for name in _SHARED_TREES if (path := folder / name).is_dir() and not path.is_symlink())]


def _known_folders(profile: Profile) -> set[Path]:
    return {profile.folder, *(profile.folder / name for name in _FOLDERS)}


def _has_others(profile: Profile, trees: list[Path]) -> bool:
    """Whether there is another profile, or a machine of one, in the profile's home."""
    there = {path for kind in ("profiles", "machines") for path in _children(profile.folder / kind) if path.is_dir()}
    return bool(there - set(trees))


def _kubeconfig(profile: Profile, observed: Observed) -> tuple[list[Path], bool, list[Path]]:
    """The kubeconfig if it goes as a whole, whether the profile's entries are taken out of it, and the file if any of them stay."""
    inside = profile.kubeconfig.parent == profile.home
    content = read_kubeconfig(profile.kubeconfig)
    if content is None or not (observed.own_home if inside else observed.has_claim):
        return [], False, []
    rest = without_profile(content, profile)
    if inside and is_bare(rest):
        return [profile.kubeconfig], False, []
    return [], rest != content, [profile.kubeconfig] if names_profile(rest, profile.name) and not inside else []


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
