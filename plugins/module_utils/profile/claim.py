# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our own record of a profile: since when containers of its name are ours, which of them was seen ready, and where its files are."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Profile

_BEGINNING = '{"since": "'  # of every record that was ever written


@dataclass(frozen=True)
class Claim:
    """``since`` is a time in UTC, ``container`` the ID of the container that was seen ready, "" before there was one.

    ``name`` is the profile's and ``home`` its folder; both are "" in a record that the first version of this collection wrote.
    """

    since: str
    container: str = ""
    name: str = ""
    home: str = ""


@dataclass(frozen=True)
class Claims:
    """What is recorded about a profile. ``other`` is the profile that the home belongs to instead, "" where there is none."""

    in_claims: Claim | None = None
    in_home: Claim | None = None
    recorded: bool = False  # the role's record of the cluster, in the home, names this profile
    other: str = ""

    @property
    def best(self) -> Claim | None:
        """Of two that differ, the one that knows of a ready container is right."""
        found = [claim for claim in (self.in_claims, self.in_home) if claim]
        return next((claim for claim in found if claim.container), found[0] if found else None)

    def home_is(self, home: Path, in_engine: bool) -> bool:
        """Whether a home is the profile's own. The role's record alone proves it only where nothing of the profile is left in the engine."""
        known_there = self.in_claims is not None and self.in_claims.home == str(home)
        return bool(self.in_home or known_there or (self.recorded and (self.in_claims or not in_engine)))

    def moved_from(self, home: Path) -> str:
        """The other home in which the profile has its files, "" where there is none."""
        elsewhere = self.in_claims.home if self.in_claims else ""
        if elsewhere in ("", str(home)):
            return ""
        there = _read(Path(elsewhere) / "claim.json")
        return elsewhere if there and there.name == self.in_claims.name else ""


def read_claims(profile: Profile) -> Claims:
    """The records in both places. One in the home that is another profile's does not count, and is named."""
    in_claims, in_home = map(_read, profile.claim_files)
    recorded = recorded_name(profile)
    other = _other_owner(profile, in_home, recorded)
    return Claims(in_claims, None if other else in_home, recorded == profile.name, other)


def read_claim(profile: Profile) -> Claim | None:
    """The record that is right, None where there is none."""
    return read_claims(profile).best


def write_claim(profile: Profile, container: str = "") -> None:
    """Takes the name, or keeps it; with a container, notes that it was seen ready. Raises RunbookError where a file is in the way."""
    known = read_claim(profile) or Claim(datetime.now(timezone.utc).isoformat())
    claim = replace(known, container=container or known.container, name=profile.name, home=str(profile.home))
    for file in profile.claim_files:
        _refuse_foreign(file)
        _refuse_foreign(_unfinished(file))
    for file in profile.claim_files:
        _write(file, claim)


def note_home(profile: Profile) -> None:
    """Notes outside a home whose it is, so that this is known until the home is gone. Where a file is in the way it is left."""
    file = profile.claim_files[0]
    if not os.path.lexists(file) or is_record(file):
        known = read_claim(profile) or Claim(datetime.now(timezone.utc).isoformat())
        _write(file, replace(known, name=profile.name, home=str(profile.home)))


def recorded_name(profile: Profile) -> str:
    """The profile that the role's record in the home names, "" where there is none."""
    try:
        return str(json.loads(profile.record_file.read_text(encoding="utf-8"))["profile"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_record(file: Path) -> bool:
    """Whether a file is a record of a claim, or what is left of one that was being written."""
    try:
        text = file.read_text(encoding="utf-8").strip("\0")
    except (OSError, UnicodeDecodeError):
        return False
    return not file.is_symlink() and (text.startswith(_BEGINNING) or _BEGINNING.startswith(text))


def records_at(file: Path) -> list[Path]:
    """Of a record's file and the one in which it is written, those that are there and ours."""
    return [path for path in (_unfinished(file), file) if is_record(path)]


def _write(file: Path, claim: Claim) -> None:
    if _read(file) != claim:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = _unfinished(file)
        new.write_text(json.dumps(asdict(claim)), encoding="utf-8")
        os.replace(new, file)


def _unfinished(file: Path) -> Path:
    return file.with_suffix(".new")


def _refuse_foreign(file: Path) -> None:
    if os.path.lexists(file) and not is_record(file):
        raise RunbookError(
            f"The file {file} is none of this collection's, and the record of the profile would take its place. It is left alone. "
            "Name another folder (options home and claims), or move the file away."
        )


def _other_owner(profile: Profile, in_home: Claim | None, recorded: str) -> str:
    """The other profile that the home belongs to. A claim of the first version has no name: then the home's content tells whose it is."""
    named = (in_home.name if in_home else "") or recorded
    if named:
        return named if named != profile.name else ""
    made = sorted(path.name for path in profile.folder.glob("profiles/*") if path.is_dir())
    return made[0] if in_home and made and profile.name not in made else ""


def _read(file: Path) -> Claim | None:
    try:
        return Claim(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
