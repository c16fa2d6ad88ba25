# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A systemd user unit that starts a supervisor with the options of its last start. Pure, but for a look at what is there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from .folder import SPEC, Folder

SYSTEMD = "/run/systemd/system"  # is a folder where systemd has started the host
SPEC_ARGUMENT = Path(SPEC).stem


def unit_of(folder: Folder, command: Sequence[str], environment: Mapping[str, str], systemd: str = SYSTEMD) -> str:
    """The unit's text; "" without systemd, where the options had credentials, which are in no file, or where a module's archive has the code."""
    archived = any(path and not os.path.isdir(path) for path in environment["PYTHONPATH"].split(os.pathsep))
    if not os.path.isdir(systemd) or archived or not (folder.path / SPEC).exists():
        return ""
    return unit_text(folder.path.name, [*command, SPEC_ARGUMENT], environment)


def unit_text(name: str, command: Sequence[str], environment: Mapping[str, str]) -> str:
    """The text. It is started again after a failure, and not after it was told to end."""
    variables = [f'Environment={_quoted(f"{key}={value}")}' for key, value in environment.items() if value]
    arguments = [_quoted(one).replace("$", "$$") for one in command]
    return "\n".join([
        "[Unit]", f"Description=Forwards {name} of runbook.minikube", "StartLimitIntervalSec=120", "StartLimitBurst=10", "",
        "[Service]", "Type=exec", f"ExecStart={' '.join(arguments)}", *variables, "Restart=on-failure", "RestartSec=5", "UMask=0077", "",
        "[Install]", "WantedBy=default.target", "",
    ])  # fmt: skip


def _quoted(text: str) -> str:
    """A word as systemd reads it, without specifiers."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
