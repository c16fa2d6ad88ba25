# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets with which Better Auth encrypts: one, or numbered ones of which the first is in force. Pure; no message holds a value.

BETTER_AUTH_SECRET holds one secret, BETTER_AUTH_SECRETS a list such as ``2:newest,1:older``, which older releases (1.3) do not know.
With both set, new data is written with the first of the list, and what was written before there was a list is read with the one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

ENTRY = re.compile(r"\s*(?P<version>\d+)\s*:(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class SigningSecrets:
    """``single``: BETTER_AUTH_SECRET, None where unset. ``versions``: those of BETTER_AUTH_SECRETS by number, the one in force first.

    Equal ones read the same; with the versions in another order they write otherwise, see writes_as.
    """

    single: str | None = field(default=None, repr=False)
    versions: dict[int, str] = field(default_factory=dict, repr=False)

    @property
    def current_version(self) -> int | None:
        """The version with which new data is written, None where it is written without one."""
        return next(iter(self.versions), None)

    def writes_as(self, other: SigningSecrets | None) -> bool:
        """Whether both read the same and write the same."""
        return self == other and self.current_version == other.current_version

    @property
    def values(self) -> set[str]:
        """Every secret, to be kept out of what is printed."""
        return {value for value in (self.single, *self.versions.values()) if value}


def secrets_of(single: str | None, versioned: str | None, where: str) -> SigningSecrets:
    """Both variables' values as Better Auth reads them; an empty one is as none. Raises RunbookError, naming ``where``."""
    secrets = SigningSecrets(single or None, _versions(versioned, where) if versioned else {})
    if not secrets.values:
        raise RunbookError(f"{where}: there is neither a value of BETTER_AUTH_SECRET nor one of BETTER_AUTH_SECRETS.")
    return secrets


def _versions(text: str, where: str) -> dict[int, str]:
    versions: dict[int, str] = {}
    for number, entry in enumerate(text.split(","), start=1):
        found = ENTRY.fullmatch(entry)
        if not found or not found["value"].strip():
            raise RunbookError(f"{where}: entry {number} of BETTER_AUTH_SECRETS is not <version>:<secret>, for example 2:newest,1:older.")
        version = int(found["version"])
        if version in versions:
            raise RunbookError(f"{where}: version {version} stands in BETTER_AUTH_SECRETS twice, which Better Auth refuses.")
        versions[version] = found["value"].strip()
    return versions
