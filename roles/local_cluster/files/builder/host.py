# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Properties of this host that the builder depends on."""

from __future__ import annotations

import functools
import hashlib
import platform
import re
import shutil
from pathlib import Path

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_CAP_SYS_RESOURCE = 24
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
# The programs that the steps call, and how to install them.
TOOLS = {
    "go": "Go 1.24 or newer (https://go.dev/dl/)",
    "gcc": "the Debian package gcc",
    "mmdebstrap": "the Debian package mmdebstrap",
    "npm": "npm, with Node.js",
    "docker": "the docker command",
}
# The Debian packages of those programs. A program from elsewhere is kept: NodeSource's npm conflicts with Debian's.
DEBIAN_PACKAGES = {"gcc": ["gcc", "libc6-dev"], "mmdebstrap": ["mmdebstrap"], "npm": ["npm"]}


def architecture() -> str:
    """The name of this machine's architecture in Go and Docker."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def limited(status: str | None = None) -> bool:
    """Whether the host withholds CAP_SYS_RESOURCE, by the text of /proc/self/status."""
    text = Path("/proc/self/status").read_text(encoding="utf-8") if status is None else status
    match = re.search(r"^CapBnd:\s*([0-9a-f]+)", text, re.MULTILINE)
    return bool(match) and not int(match.group(1), 16) >> _CAP_SYS_RESOURCE & 1


@functools.cache
def fact(name: str) -> str:
    """A fact of the host that changes the result of a step, as text. It is part of the step's digest."""
    if name == "architecture":
        return architecture()
    if name == "limited":
        return "yes" if limited() else "no"
    if name == "certificates":
        return hashlib.sha256(certificates()).hexdigest()
    raise KeyError(name)


def certificates() -> bytes:
    """The host's bundle of certificate authorities, for access to the same registries from containers."""
    return CERTIFICATES.read_bytes() if CERTIFICATES.exists() else b""


def missing_tools(names: set[str]) -> list[str]:
    """Which of these programs are not on PATH, each with how to install it."""
    return [TOOLS[name] for name in sorted(names) if not shutil.which(name)]


def missing_packages(names: set[str]) -> list[str]:
    """The Debian packages of those of these programs that are not on PATH."""
    return [package for name in sorted(names) if not shutil.which(name) for package in DEBIAN_PACKAGES.get(name, [])]


def debian_sources() -> str:
    """The host's own package sources, in the one-line form of mmdebstrap."""
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    if not re.search(r"^ID=debian$", release, re.MULTILINE):
        raise SystemExit("Without an image registry, images are built from Debian packages, but this host does not run Debian. "
                         "Use a host with access to an image registry, or Debian 12.")
    folder = Path("/etc/apt/sources.list.d")
    lines = [line for file in sorted(folder.glob("*.sources")) for line in _deb822_lines(file.read_text(encoding="utf-8"))]
    classic = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list"))]
    lines += [line for file in classic if file.exists() for line in file.read_text(encoding="utf-8").splitlines()
              if line.startswith("deb ") and "debian" in line]
    if not lines:
        raise SystemExit("No Debian package source found in /etc/apt/sources.list.d or /etc/apt/sources.list. Add one, "
                         "or use a host with access to an image registry.")
    return "\n".join(lines)


def _deb822_lines(text: str) -> list[str]:
    """The `deb` lines of a deb822 file's stanzas for Debian's own archives."""
    lines = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^(\w[\w-]*):[ \t]*(.*)$", stanza, re.MULTILINE))
        if "deb" in fields.get("Types", "").split() and "debian" in fields.get("URIs", ""):
            lines += [f"deb {uri} {suite} main" for uri in fields["URIs"].split() for suite in fields["Suites"].split()]
    return lines
