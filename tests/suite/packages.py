# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Packages of the distribution that tests need. Several may install at the same time: each waits for the others."""

from __future__ import annotations

import os
import subprocess

APT = ["apt-get", "-o", "DPkg::Lock::Timeout=900", "-q", "-y"]


def install(*packages: str) -> None:
    """Installs packages. Fails where they can't be had, with what to do."""
    assert os.geteuid() == 0, f"install what the tests need (on Debian: apt-get install {' '.join(packages)})"
    for arguments in (["update"], ["install", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [*APT, *arguments], text=True, capture_output=True, check=False, timeout=1800, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        )
        assert done.returncode == 0, f"apt-get {' '.join(arguments)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
