# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests on the real cluster make once and store in the cache: programs from Go modules, trees of Debian packages, images.

The cache, its locks and the sources of packages are those of the builder of the cluster.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from harness import CHECKOUT, PROFILE

sys.path.append(str(CHECKOUT / "roles/local_cluster/files/builder"))

import host
from cache import locked, move_into_place, work_dir
from command import run

CACHE = Path(os.environ.get("RUNBOOK_CACHE") or Path.home() / ".cache/runbook.minikube")


def go_program(folder: Path, name: str, package: str, architecture: str | None = None) -> Path:
    """The program ``name`` built from the Go module in a folder, for this machine or for another architecture."""

    def make(work: Path, made: Path) -> None:
        module = shutil.copytree(folder, work / "module")
        environment = {"CGO_ENABLED": "0", "GOWORK": "off", **({"GOARCH": architecture} if architecture else {})}
        command = ["go", "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", str(made / name), package]
        run(["nice", *command], cwd=module, environment=environment)

    return _cached(name, [*folder.iterdir()], f"{package} {architecture or host.architecture()}", make) / name


def debian_tree(name: str, packages: list[str]) -> Path:
    """An archive of a file tree with these Debian packages and what they need."""

    def make(_work: Path, made: Path) -> None:
        command = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(packages)}", "bookworm", str(made / "root.tar"), "-"]
        run(["nice", *command], stdin=host.debian_sources())

    return _cached(name, [], " ".join([*packages, host.architecture()]), make) / "root.tar"


def saved_image(name: str, context: Path, more: str, build: Callable[[], str]) -> Path:
    """The archive of an image that ``build`` makes in the test cluster's node, whose name in there it returns."""

    def make(_work: Path, made: Path) -> None:
        with (made / "image.tar").open("wb") as archive:
            subprocess.run(["docker", "exec", PROFILE, "docker", "save", build()], check=True, stdout=archive)

    return _cached(name, [*context.iterdir()], more, make) / "image.tar"


def digest_of(files: list[Path], more: str = "") -> str:
    """Twelve digits over the content of files."""
    content = hashlib.sha256(more.encode())
    for file in sorted(files):
        content.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return content.hexdigest()[:12]


def _cached(name: str, inputs: list[Path], more: str, make: Callable[[Path, Path], None]) -> Path:
    """The folder of what was made from these inputs; it is there only when it is complete."""
    digest = digest_of(inputs, more)
    place, step = CACHE / "tests" / f"{name}-{digest}", f"test/{name}"
    with locked(CACHE, step):
        if not place.exists():
            with work_dir(CACHE, step) as work:
                made = work / "made"
                made.mkdir()
                make(work, made)
                move_into_place(made, place)
    return place
