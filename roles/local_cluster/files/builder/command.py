# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs other programs; the error of a failure has their last lines."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_LAST_LINES = 20


def run(command: list[str], cwd: Path | None = None, stdin: str | None = None, environment: dict[str, str] | None = None) -> str:
    """The output of a command. A failure ends the builder with the command's last lines."""
    result = subprocess.run(command, cwd=cwd, input=stdin, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False)
    if result.returncode:
        last = "\n".join((result.stdout + result.stderr).splitlines()[-_LAST_LINES:])
        raise SystemExit(f"`{' '.join(command[:4])} …` failed with exit code {result.returncode}:\n{last}")
    return result.stdout
