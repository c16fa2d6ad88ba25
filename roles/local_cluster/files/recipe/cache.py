# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cache: one lock a step, work in a folder beside the place, moved there when it is complete."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path


@contextlib.contextmanager
def locked(cache: Path, name: str):
    """Holds the lock of a step; the kernel gives it back when the process ends, however it ends."""
    locks = cache / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / name.replace("/", "-"), "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def workplace(cache: Path, name: str):
    """An empty folder for one step's work. Called with the step's lock, so what an earlier run left there is nobody's."""
    work = cache / "work" / name.replace("/", "-")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def move_in(made: Path, place: Path) -> None:
    """Puts a finished folder in its place in one act; a half-made one there can only be an older version's."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    os.rename(made, place)


def link_or_copy(source: Path, target: Path) -> bool:
    """Makes `target` the same file as `source` (a hard link, or a copy across file systems); false where it already is."""
    if target.exists() and (target.samefile(source) or _looks_equal(source, target)):
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


def _looks_equal(source: Path, target: Path) -> bool:
    one, other = source.stat(), target.stat()
    return (one.st_size, int(one.st_mtime)) == (other.st_size, int(other.st_mtime))
