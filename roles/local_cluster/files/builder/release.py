# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Official releases of programs: downloaded into the cache, and verified with the published checksum."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import host
from cache import locked, move_into_place, work_dir

TIMEOUT = 5  # seconds until a site counts as unreachable
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Release:
    """The paths of a program's file and its checksum on a site; `member` is its path in an archive."""

    file: str
    checksum: str
    member: str = ""


def release_of(name: str, version: str) -> Release:
    """The release files of a program, as its publisher names them."""
    system = f"linux-{host.architecture()}"
    if name == "helm":
        return Release(f"helm-{version}-{system}.tar.gz", f"helm-{version}-{system}.tar.gz.sha256sum", f"{system}/helm")
    if name == "kubectl":
        folder = f"{version}/bin/{system.replace('-', '/')}"
        return Release(f"{folder}/kubectl", f"{folder}/kubectl.sha256")
    return Release(f"{version}/minikube-{system}", f"{version}/minikube-{system}.sha256")


def download(name: str, version: str, site: str, cache: Path, check: bool = False) -> dict:
    """Downloads a program: {"path", "changed"} of a verified one, or {"unreachable": reason}. A wrong checksum ends the builder.

    With ``check`` only its checksum is requested.
    """
    destination = cache / "releases" / f"{name}-{version}-{hashlib.sha256(site.encode()).hexdigest()[:8]}"
    release = release_of(name, version)
    with locked(cache, f"release/{name}"):
        if (destination / name).exists():
            return {"path": str(destination / name), "changed": False}
        try:
            checksum = _read(f"{site}/{release.checksum}").decode().split()[0]
            if check:
                return {"path": str(destination / name), "changed": True}
            with work_dir(cache, f"release/{name}") as work:
                _download(f"{site}/{release.file}", work / "file", checksum)
                move_into_place(_unpacked(work, release, name), destination)
        except (OSError, IndexError, UnicodeDecodeError) as error:
            return {"unreachable": f"{site}/{release.file}: {getattr(error, 'reason', error)}"}
    return {"path": str(destination / name), "changed": True}


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        return response.read(1 << 16)


def _download(url: str, target: Path, checksum: str) -> None:
    actual = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response, target.open("wb") as file:
        while chunk := response.read(_CHUNK):
            actual.update(chunk)
            file.write(chunk)
    if actual.hexdigest() != checksum.lower():
        raise SystemExit(f"The checksum of {url} is wrong: its SHA-256 is {actual.hexdigest()}, but {checksum} is published. "
                         "The file was not used. A proxy may have changed it, or it was truncated: run again, or use another local_cluster_source.")


def _unpacked(work: Path, release: Release, name: str) -> Path:
    result = work / "result"
    result.mkdir()
    if release.member:
        with tarfile.open(work / "file") as archive:
            shutil.copyfileobj(archive.extractfile(release.member), (result / name).open("wb"))
    else:
        (work / "file").rename(result / name)
    (result / name).chmod(0o755)
    return result


def is_registry_available(url: str) -> bool:
    """Whether an image registry responds, also if it requires a login."""
    try:
        _read(url)
    except urllib.error.HTTPError as error:
        return error.code in (401, 403)
    except OSError:
        return False
    return True
