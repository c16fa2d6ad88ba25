# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets with which Better Auth encrypts: a single one, or versioned ones of which the first is active. Pure; no message holds a value.

BETTER_AUTH_SECRET holds one secret, BETTER_AUTH_SECRETS a list such as ``2:newest,1:older``, which older releases (1.3) do not know.
With both set, new data is encrypted with the first of the list, and data from before there was a list is decrypted with the single one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..errors import RunbookError

ENTRY = re.compile(r"\s*(?P<version>\d+)\s*:(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class SigningSecrets:
    """``single``: BETTER_AUTH_SECRET, None where unset. ``versions``: those of BETTER_AUTH_SECRETS by number, the active one first.

    Equal ones decrypt the same; with the versions in another order they encrypt differently, see encrypts_as.
    """

    single: str | None = field(default=None, repr=False)
    versions: dict[int, str] = field(default_factory=dict, repr=False)

    @property
    def current_version(self) -> int | None:
        """The version with which new data is encrypted, None where it is encrypted without one."""
        return next(iter(self.versions), None)

    def encrypts_as(self, other: SigningSecrets | None) -> bool:
        """Whether both decrypt the same and encrypt the same."""
        return self == other and self.current_version == other.current_version

    @property
    def values(self) -> set[str]:
        """Every secret, to be masked in all output."""
        return {value for value in (self.single, *self.versions.values()) if value}


def parse_secrets(single: str | None, versioned: str | None, where: str) -> SigningSecrets:
    """Both variables' values as Better Auth parses them; an empty one counts as unset. Raises RunbookError, naming ``where``."""
    secrets = SigningSecrets(single or None, _parse_versions(versioned, where) if versioned else {})
    if not secrets.values:
        raise RunbookError(f"{where}: there is neither a value of BETTER_AUTH_SECRET nor one of BETTER_AUTH_SECRETS.")
    return secrets


def secrets_in(text: str) -> set[str]:
    """The secrets in a value of which it is not known which variable it is for: itself, and those of a list of versions."""
    try:
        return {text, *_parse_versions(text, "").values()}
    except RunbookError:
        return {text}


def _parse_versions(text: str, where: str) -> dict[int, str]:
    versions: dict[int, str] = {}
    for number, entry in enumerate(text.split(","), start=1):
        match = ENTRY.fullmatch(entry)
        if not match or not match["value"].strip():
            raise RunbookError(f"{where}: entry {number} of BETTER_AUTH_SECRETS is not <version>:<secret>, for example 2:newest,1:older.")
        version = int(match["version"])
        if version in versions:
            raise RunbookError(f"{where}: BETTER_AUTH_SECRETS has version {version} twice, which Better Auth refuses.")
        versions[version] = match["value"].strip()
    return versions
