# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is found where an application is not as its description says. Plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Drift:
    """One difference. ``part`` is cluster, release, base_image, image, secret, object, workload or health; ``says`` holds no value."""

    part: str
    name: str
    says: str

    def __str__(self) -> str:
        return f"{self.part} {self.name}: {self.says}" if self.name else f"{self.part}: {self.says}"
