# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cache: a folder of this user alone, one lock for each step, and work in a temporary folder that is moved to its destination when complete."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path

PRIVATE = 0o700


def require_own(cache: Path) -> None:
    """Ends the builder if the cache belongs to another user, who could replace the programs in it."""
    if cache.exists() and cache.stat().st_uid != os.geteuid():
        raise SystemExit(f"The cache {cache} belongs to the user with the ID {cache.stat().st_uid}, who could replace the programs in it. Nothing was used. "
                         "Set local_cluster_cache_dir (or RUNBOOK_CACHE) to a folder of your own.")


def make_private(cache: Path, check: bool = False) -> bool:
    """Creates the cache with the mode 0700, or sets it. Returns whether the mode was changed; with ``check`` it is not."""
    require_own(cache)
    if cache.exists() and stat.S_IMODE(cache.stat().st_mode) == PRIVATE:
        return False
    if not check:
        cache.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        cache.chmod(PRIVATE)
    return True


@contextlib.contextmanager
def locked(cache: Path, name: str):
    """Holds the lock of a step; the kernel releases it when the process ends for any reason."""
    locks = cache / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / name.replace("/", "-"), "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def work_dir(cache: Path, name: str):
    """An empty folder for one step. The caller holds the step's lock, so files of an earlier run are unused."""
    work = cache / "work" / name.replace("/", "-")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def move_into_place(built: Path, destination: Path) -> None:
    """Moves a complete folder to its destination atomically; an incomplete one there is of an older version."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(destination, ignore_errors=True)
    os.rename(built, destination)


def link_or_copy(source: Path, target: Path) -> bool:
    """Makes `target` a hard link to `source`, or a copy across file systems; false where it is already."""
    if target.exists() and (target.samefile(source) or _same_size_and_time(source, target)):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        new = Path(folder) / target.name
        try:
            os.link(source, new)
        except OSError:
            shutil.copy2(source, new)
        os.replace(new, target)
    return True


def _same_size_and_time(source: Path, target: Path) -> bool:
    one, other = source.stat(), target.stat()
    return (one.st_size, int(one.st_mtime)) == (other.st_size, int(other.st_mtime))
