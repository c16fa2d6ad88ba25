# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lease as a lock file on this host, before the cluster answers."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from ..errors import RunbookError
from ..write_guard import WRITES
from .plan import LeaseRecord
from .stored import WriteConflict, lease_of, record_of


class FileStore:
    """A JSON file. It is locked (flock) only during a write, so a killed run leaves no lock behind."""

    def __init__(self, path: str):
        self._path = Path(path).expanduser()
        self.label = f"lock file {self._path}"
        self.force_hint = f"rm {self._path}"

    def read(self) -> tuple[LeaseRecord, str]:
        """The record and, as its version, the text of the file ("" without a file)."""
        with _file_errors(self.label):
            try:
                text = self._path.read_text(encoding="utf-8")
            except FileNotFoundError:
                text = ""
            except UnicodeDecodeError:
                raise RunbookError(_not_a_lock(self.label)) from None
        if not _is_lock(text):
            raise RunbookError(_not_a_lock(self.label))
        return _record_of_text(text), text

    def write(self, record: LeaseRecord, text: str) -> None:
        """Writes the record if the content of the file is still ``text``; a record without a holder removes the file."""
        WRITES.before_write()
        with _file_errors(self.label), self._locked() as file:
            if file.read() != text:
                raise WriteConflict
            if record.identity is None:
                self._path.unlink()
                return
            file.seek(0)
            file.truncate()
            file.write(json.dumps(lease_of(record, {"metadata": {}})) + "\n")

    def now(self) -> datetime:
        """This host's time: nobody else uses the file."""
        return datetime.now(timezone.utc)

    @contextmanager
    def _locked(self):
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644), "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file, self._path):
                raise WriteConflict  # removed between opening and locking
            yield file


def _is_lock(text: str) -> bool:
    """Whether a file's text is a lock, or one that a killed run had begun to write."""
    try:
        return json.loads(text)["kind"] == "Lease"
    except (KeyError, TypeError):
        return False
    except ValueError:
        return '{"'.startswith(text.strip("\0")[:2])


def _not_a_lock(label: str) -> str:
    return f"The {label} is not a lock file and is left alone. Set another file (option lock_file), or move this one away."


def _record_of_text(text: str) -> LeaseRecord:
    """A truncated file was being written by a killed run, so nobody holds it."""
    try:
        return record_of(json.loads(text))
    except (ValueError, AttributeError):
        return LeaseRecord()


def _is_at(file, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


@contextmanager
def _file_errors(label: str):
    try:
        yield
    except OSError as error:
        raise RunbookError(
            f"The {label} can't be used: {error.strerror}. Check the option lock_file and the owner of the file and its folder."
        ) from error
