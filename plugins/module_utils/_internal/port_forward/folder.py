# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a supervisor: its record and its log, in a folder that only this user can read."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import RunbookError
from .model import Record

RECORD, LOG, SPEC = "state.json", "log", "spec.json"
MAX_LOG = 256 * 1024  # bytes, after which a new log is begun; the former one is kept
PRIVATE = 0o700


class Folder:
    """The folder of the supervisor ``name`` in ``state_dir``."""

    def __init__(self, state_dir: str, name: str):
        self.root = Path(state_dir)
        self.path = self.root / name

    @property
    def log(self) -> Path:
        """The log."""
        return self.path / LOG

    def exists(self) -> bool:
        """Whether anything of it is there."""
        return self.path.exists()

    def read(self) -> Record | None:
        """The record, None without a valid one. Raises RunbookError where the folder is not this user's."""
        for folder in (self.root, self.path):
            if folder.exists():
                require_own(folder)
        try:
            return Record.from_dict(json.loads((self.path / RECORD).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def create(self) -> None:
        """Creates it. Raises RunbookError where it exists and is not this user's."""
        for folder in (self.root, self.path):
            _make(folder)

    def clear(self) -> None:
        """Removes what a supervisor that was killed has left, for example its copies of certificates. The logs are kept."""
        for path in self.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif not path.name.startswith(LOG):
                path.unlink()

    def write(self, name: str, data: dict) -> None:
        """Writes JSON atomically, readable by this user only. Raises OSError, also where the folder is gone."""
        handle, temporary = tempfile.mkstemp(dir=self.path, prefix=f".{name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(data, file)
            os.replace(temporary, self.path / name)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise

    def log_lines(self, count: int) -> list[str]:
        """The last lines of the log, as they are."""
        with suppress(OSError), open(self.log, "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - MAX_LOG, 0))
            return file.read().decode(errors="replace").splitlines()[-count:] if count else []
        return []

    def open_log(self) -> int:
        """A file descriptor that appends to the log."""
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)

    def remove(self) -> None:
        """Removes it with all files."""
        try:
            shutil.rmtree(self.path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _unusable(self.path, error) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Of all modules that change supervisors of this user one at a time; a killed one leaves no lock behind."""
        while True:
            _make(self.root)
            with _opened(self.root) as handle:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if not _is_at(handle, self.root):
                    continue  # it was removed, with the last supervisor, while this module waited
                try:
                    yield
                finally:
                    with suppress(OSError):  # unless there are supervisors
                        self.root.rmdir()
                return


def names_in(state_dir: str) -> list[str]:
    """The names of the supervisors that have a folder there."""
    root = Path(state_dir)
    if not root.is_dir():
        return []
    require_own(root)
    return sorted(path.name for path in root.iterdir() if path.is_dir())


def require_own(folder: Path) -> None:
    """Raises RunbookError for a folder that is a link, another user's, or readable by others: it names processes to end."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise RunbookError(f"state_dir: {folder} is no folder, or a symbolic link. Use another folder.")
    if found.st_uid != os.geteuid():
        raise RunbookError(f"state_dir: {folder} belongs to the user with the ID {found.st_uid}, not to this one ({os.geteuid()}). Use another folder.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise RunbookError(f"state_dir: {folder} is open to other users. Close it (chmod 700 {folder}) after a look at its content, or use another one.")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    require_own(folder)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle
    finally:
        os.close(handle)


def _is_at(handle: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(folder))
    except FileNotFoundError:
        return False


def _unusable(folder: Path, error: OSError) -> RunbookError:
    return RunbookError(f"state_dir: {folder} can't be used: {error.strerror}. Correct its owner or permissions, or use another folder.")
