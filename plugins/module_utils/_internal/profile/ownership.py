# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ownership records: since when containers with a profile's name are ours, which of them was ready, and where the profile's files are."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from ..errors import RunbookError
from .model import Profile

_BEGINNING = '{"since": "'  # of every record of any version


@dataclass(frozen=True)
class OwnershipRecord:
    """``since`` is a time in UTC, ``container`` the ID of the container that was ready, "" before there was one.

    ``name`` is the profile's and ``home`` its folder; both are "" in a record of the first version. The names of the fields are those in the file.
    """

    since: str
    container: str = ""
    name: str = ""
    home: str = ""


@dataclass(frozen=True)
class Ownership:
    """The records of a profile. ``other_owner`` is the profile that the home belongs to instead, "" where there is none."""

    in_ownership_dir: OwnershipRecord | None = None
    in_home: OwnershipRecord | None = None
    in_cluster_record: bool = False  # the record of the role local_cluster in the home has this profile's name
    other_owner: str = ""

    @property
    def record(self) -> OwnershipRecord | None:
        """The valid record: of two that differ, the one with a ready container."""
        records = [record for record in (self.in_ownership_dir, self.in_home) if record]
        return next((record for record in records if record.container), records[0] if records else None)

    def owns_home(self, home: Path, in_engine: bool) -> bool:
        """Whether a home belongs to the profile. The role's record alone proves it only where the engine has nothing of the profile."""
        recorded = self.in_ownership_dir is not None and self.in_ownership_dir.home == str(home)
        return bool(self.in_home or recorded or (self.in_cluster_record and (self.in_ownership_dir or not in_engine)))

    def other_home(self, home: Path) -> str:
        """The other home that has the profile's files, "" where there is none."""
        own = self.in_ownership_dir
        if own is None or own.home in ("", str(home)):
            return ""
        record = _read(Path(own.home) / "claim.json")
        return own.home if record and record.name == own.name else ""


def read_ownership(profile: Profile) -> Ownership:
    """The records in both places. A record in the home that belongs to another profile does not count."""
    in_ownership_dir, in_home = map(_read, profile.ownership_files)
    recorded = recorded_name(profile)
    other = _other_owner(profile, in_home, recorded)
    return Ownership(in_ownership_dir, None if other else in_home, recorded == profile.name, other)


def read_record(profile: Profile) -> OwnershipRecord | None:
    """The valid record, None where there is none."""
    return read_ownership(profile).record


def write_record(profile: Profile, container: str = "") -> None:
    """Records the profile as ours; a container is recorded as ready. Raises RunbookError where another file has the record's name."""
    known = read_record(profile) or OwnershipRecord(datetime.now(timezone.utc).isoformat())
    record = replace(known, container=container or known.container, name=profile.name, home=str(profile.minikube_home))
    for file in profile.ownership_files:
        _require_own_file(file)
        _require_own_file(_temporary(file))
    for file in profile.ownership_files:
        _write(file, record)


def record_home(profile: Profile) -> None:
    """Records the owner of a home outside of it, for the time until the home is removed. Another file of the record's name is kept."""
    file = profile.ownership_files[0]
    if not os.path.lexists(file) or is_record(file):
        known = read_record(profile) or OwnershipRecord(datetime.now(timezone.utc).isoformat())
        _write(file, replace(known, name=profile.name, home=str(profile.minikube_home)))


def recorded_name(profile: Profile) -> str:
    """The profile's name in the role's record in the home, "" where there is none."""
    try:
        return str(json.loads(profile.cluster_record.read_text(encoding="utf-8"))["profile"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_record(file: Path) -> bool:
    """Whether a file is an ownership record, or a truncated one."""
    try:
        text = file.read_text(encoding="utf-8").strip("\0")
    except (OSError, UnicodeDecodeError):
        return False
    return not file.is_symlink() and (text.startswith(_BEGINNING) or _BEGINNING.startswith(text))


def records_at(file: Path) -> list[Path]:
    """Which of a record's file and its temporary file exist and are ours."""
    return [path for path in (_temporary(file), file) if is_record(path)]


def _write(file: Path, record: OwnershipRecord) -> None:
    if _read(file) != record:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = _temporary(file)
        new.write_text(json.dumps(asdict(record)), encoding="utf-8")
        os.replace(new, file)


def _temporary(file: Path) -> Path:
    return file.with_suffix(".new")


def _require_own_file(file: Path) -> None:
    if os.path.lexists(file) and not is_record(file):
        raise RunbookError(
            f"{file} exists, but is not an ownership record of this collection. It was left unchanged. "
            "Move it, or use other folders (options minikube_home and ownership_dir)."
        )


def _other_owner(profile: Profile, in_home: OwnershipRecord | None, recorded: str) -> str:
    """The other profile that the home belongs to. For a record of the first version, which has no name, the home's profiles decide."""
    name = (in_home.name if in_home else "") or recorded
    if name:
        return name if name != profile.name else ""
    existing = sorted(path.name for path in profile.folder.glob("profiles/*") if path.is_dir())
    return existing[0] if in_home and existing and profile.name not in existing else ""


def _read(file: Path) -> OwnershipRecord | None:
    try:
        return OwnershipRecord(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
