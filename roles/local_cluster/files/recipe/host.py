# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the recipe has to know of this host."""

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
# The programs that each kind of step calls, with the way to get them.
TOOLS = {
    "go": "Go 1.24 or newer (https://go.dev/dl/)",
    "gcc": "the Debian package gcc",
    "mmdebstrap": "the Debian package mmdebstrap",
    "npm": "npm, with Node.js",
    "docker": "the docker command",
}
# Those that Debian has. One that is there from elsewhere stays: NodeSource's npm and Debian's exclude each other.
DEBIAN_PACKAGES = {"gcc": ["gcc", "libc6-dev"], "mmdebstrap": ["mmdebstrap"], "npm": ["npm"]}


def architecture() -> str:
    """Go's and Docker's name of this machine's architecture."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def limited(status: str | None = None) -> bool:
    """Whether the host withholds CAP_SYS_RESOURCE, judged by the text of /proc/self/status."""
    text = Path("/proc/self/status").read_text(encoding="utf-8") if status is None else status
    found = re.search(r"^CapBnd:\s*([0-9a-f]+)", text, re.MULTILINE)
    return bool(found) and not int(found.group(1), 16) >> _CAP_SYS_RESOURCE & 1


@functools.cache
def fact(name: str) -> str:
    """A fact of the host that changes what a step makes, as text."""
    if name == "architecture":
        return architecture()
    if name == "limited":
        return "yes" if limited() else "no"
    if name == "certificates":
        return hashlib.sha256(certificates()).hexdigest()
    raise KeyError(name)


def certificates() -> bytes:
    """The host's bundle of certificate authorities, with which its containers reach the same registries."""
    return CERTIFICATES.read_bytes() if CERTIFICATES.exists() else b""


def missing_tools(names: set[str]) -> list[str]:
    """Of these programs, those that are not on PATH, each with the way to get it."""
    return [TOOLS[name] for name in sorted(names) if not shutil.which(name)]


def missing_packages(names: set[str]) -> list[str]:
    """The Debian packages that bring those of these programs that are not on PATH."""
    return [package for name in sorted(names) if not shutil.which(name) for package in DEBIAN_PACKAGES.get(name, [])]


def debian_sources() -> str:
    """The host's own package sources, in the one-line form that mmdebstrap reads."""
    release = Path("/etc/os-release").read_text(encoding="utf-8")
    if not re.search(r"^ID=debian$", release, re.MULTILINE):
        raise SystemExit("Images without a registry are made from Debian packages, and this host is no Debian: "
                         "use a host that reaches an image registry, or Debian 12.")
    folder = Path("/etc/apt/sources.list.d")
    lines = [line for file in sorted(folder.glob("*.sources")) for line in _deb822_lines(file.read_text(encoding="utf-8"))]
    classic = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list"))]
    lines += [line for file in classic if file.exists() for line in file.read_text(encoding="utf-8").splitlines()
              if line.startswith("deb ") and "debian" in line]
    if not lines:
        raise SystemExit("No Debian package source found in /etc/apt/sources.list.d or /etc/apt/sources.list.")
    return "\n".join(lines)


def _deb822_lines(text: str) -> list[str]:
    """The `deb` lines of a deb822 file's stanzas for Debian's own archives."""
    lines = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^(\w[\w-]*):[ \t]*(.*)$", stanza, re.MULTILINE))
        if "deb" in fields.get("Types", "").split() and "debian" in fields.get("URIs", ""):
            lines += [f"deb {uri} {suite} main" for uri in fields["URIs"].split() for suite in fields["Suites"].split()]
    return lines
