# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Official releases of programs: downloaded into the cache and checked against the published checksum."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import host
from cache import locked, move_in, workplace

REACH_SECONDS = 5  # until a site that does not answer is called unreachable
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Release:
    """Where a program's file and its checksum are, below a site's address; `member` is its path in an archive."""

    file: str
    checksum: str
    member: str = ""


def release_of(name: str, version: str) -> Release:
    """The release files of a program, in its publisher's naming."""
    system = f"linux-{host.architecture()}"
    if name == "helm":
        return Release(f"helm-{version}-{system}.tar.gz", f"helm-{version}-{system}.tar.gz.sha256sum", f"{system}/helm")
    if name == "kubectl":
        folder = f"{version}/bin/{system.replace('-', '/')}"
        return Release(f"{folder}/kubectl", f"{folder}/kubectl.sha256")
    return Release(f"{version}/minikube-{system}", f"{version}/minikube-{system}.sha256")


def fetch(name: str, version: str, site: str, cache: Path, only_look: bool = False) -> dict:
    """Gets a program: {"path", "changed"} of a checked one, or {"unreachable": why}. A wrong checksum ends the recipe."""
    place = cache / "releases" / f"{name}-{version}-{hashlib.sha256(site.encode()).hexdigest()[:8]}"
    release = release_of(name, version)
    with locked(cache, f"release/{name}"):
        if (place / name).exists():
            return {"path": str(place / name), "changed": False}
        try:
            wanted = _read(f"{site}/{release.checksum}").decode().split()[0]
            if only_look:
                return {"path": str(place / name), "changed": True}
            with workplace(cache, f"release/{name}") as work:
                _download(f"{site}/{release.file}", work / "file", wanted)
                move_in(_unpacked(work, release, name), place)
        except (OSError, IndexError, UnicodeDecodeError) as error:
            return {"unreachable": f"{site}/{release.file}: {getattr(error, 'reason', error)}"}
    return {"path": str(place / name), "changed": True}


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=REACH_SECONDS) as answer:
        return answer.read(1 << 16)


def _download(url: str, target: Path, wanted: str) -> None:
    found = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=REACH_SECONDS) as answer, target.open("wb") as file:
        while chunk := answer.read(_CHUNK):
            found.update(chunk)
            file.write(chunk)
    if found.hexdigest() != wanted.lower():
        raise SystemExit(f"{url} is refused: its SHA-256 is {found.hexdigest()}, its publisher says {wanted}. "
                         "It was not used; a proxy may have changed it, or the download was cut off: run again, or use another local_cluster_source.")


def _unpacked(work: Path, release: Release, name: str) -> Path:
    made = work / "made"
    made.mkdir()
    if release.member:
        with tarfile.open(work / "file") as archive:
            shutil.copyfileobj(archive.extractfile(release.member), (made / name).open("wb"))
    else:
        (work / "file").rename(made / name)
    (made / name).chmod(0o755)
    return made


def registry_answers(url: str) -> bool:
    """Whether an image registry answers, be it with a demand for a login."""
    try:
        _read(url)
    except urllib.error.HTTPError as error:
        return error.code in (401, 403)
    except OSError:
        return False
    return True
