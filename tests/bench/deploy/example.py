# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of the example, one for each way of deploying it, with image names of their own."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
LIVE = "frontend/app/api/live/route.ts"
ALIVE = re.compile(r'status: "alive"(, bench: "[^"]*")?')
# name, context, Dockerfile in it, base image
SERVICES = (
    ("mcp-server", "backend", "tools/Dockerfile", "python"),
    ("audit-service", "services/audit-service", "Dockerfile", "python"),
    ("backend-api", "backend", "Dockerfile", "python"),
    ("frontend", "frontend", "Dockerfile", "node"),
)


@dataclass(frozen=True)
class Example:
    """A copy at ``path`` whose images are called ``prefix``/name."""

    path: Path
    prefix: str

    @classmethod
    def copy(cls, path: Path, prefix: str) -> Example:
        """Makes the copy, and renames the four images wherever it names them."""
        ignored = shutil.ignore_patterns("node_modules", ".next", "__pycache__")
        shutil.copytree(CHECKOUT / "examples/todo", path, ignore=ignored)
        names = "|".join(name for name, *_rest in SERVICES)
        _replace(path / "app.yml", rf"^(  - name: )({names})$(?=\n    context:)", rf"\1{prefix}/\2")
        for manifest in (path / "manifests/app").glob("*.j2"):
            _replace(manifest, rf"^( +image: )({names})$", rf"\1{prefix}/\2")
        return cls(path, prefix)

    def change_a_line(self, marker: str) -> None:
        """Lets the frontend answer ``marker`` at /api/live."""
        file = self.path / LIVE
        text, count = ALIVE.subn(f'status: "alive", bench: "{marker}"', file.read_text())
        assert count == 1, f"{file} has changed: teach {__file__} what its line is now"
        file.write_text(text)


def _replace(file: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
    assert count, f"{file} does not name its image as expected"
    file.write_text(text)
