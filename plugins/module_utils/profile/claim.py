# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our own record of a profile: since when containers of its name are ours, and which of them was seen ready."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Profile


@dataclass(frozen=True)
class Claim:
    """``since`` is a time in UTC, ``container`` the ID of the container that was seen ready, "" before there was one."""

    since: str
    container: str = ""


def read_claim(profile: Profile) -> Claim | None:
    """The record, None where there is none. Of two that differ, the one that knows of a ready container is right."""
    found = [claim for claim in map(_read, profile.claim_files) if claim]
    return next((claim for claim in found if claim.container), found[0] if found else None)


def write_claim(profile: Profile, container: str = "") -> None:
    """Takes the name, or keeps it; with a container, notes that it was seen ready."""
    known = read_claim(profile) or Claim(datetime.now(timezone.utc).isoformat())
    claim = replace(known, container=container or known.container)
    for file in profile.claim_files:
        if _read(file) != claim:
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_suffix(".new")
            new.write_text(json.dumps(asdict(claim)), encoding="utf-8")
            os.replace(new, file)


def drop_claim(profile: Profile) -> None:
    """Gives the name up."""
    for file in profile.claim_files:
        file.unlink(missing_ok=True)


def _read(file: Path) -> Claim | None:
    try:
        return Claim(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
