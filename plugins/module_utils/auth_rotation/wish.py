# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person asks of a rotation."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wish:
    """Which Secret, which of its keys, who signs, and what a person decided.

    ``key`` holds BETTER_AUTH_SECRET, ``list_key`` BETTER_AUTH_SECRETS, ``former_key`` the old secret of a rotation without versions.
    ``new``: None where the new secret is to be generated. ``versioned``: None where it is to be found out.
    """

    namespace: str
    secret: str
    key: str
    list_key: str
    former_key: str
    signers: list[dict]
    new: str | None = field(default=None, repr=False)
    versioned: bool | None = None
    accept_interruption: bool = False
