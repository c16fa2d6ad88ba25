# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secret and format that values are re-encrypted with, and whether every running auth server can decrypt that. Pure.

An envelope is decrypted only by a process that knows its version, and a bare text only by one whose BETTER_AUTH_SECRET it is: any other
answers 500 from the first row on that it can't decrypt. No message holds a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import NOTHING_CHANGED, RunbookError
from ..server_secrets import AuthServer, unreadable_secret
from ..signing_secrets import SigningSecrets

CURRENT, NO_VERSION = "current", "none"
WRITES_TARGET, WRITES_OTHER, WRITES_UNKNOWN = "target", "other", "unknown"


@dataclass(frozen=True)
class ReencryptTarget:
    """A secret and the format to write: the envelope of a version, or bare where ``version`` is None."""

    secret: str = field(repr=False)
    version: int | None = None

    @property
    def secrets(self) -> SigningSecrets:
        """Secrets that decrypt the target and nothing else."""
        return SigningSecrets(self.secret) if self.version is None else SigningSecrets(None, {self.version: self.secret})

    def __str__(self) -> str:
        return "BETTER_AUTH_SECRET without a version" if self.version is None else f"version {self.version} of BETTER_AUTH_SECRETS"

    def decryptable_by(self, secrets: SigningSecrets) -> bool:
        """Whether a process with these secrets decrypts it."""
        known = secrets.single if self.version is None else secrets.versions.get(self.version)
        return known == self.secret

    def written_by(self, secrets: SigningSecrets) -> bool:
        """Whether a process with these secrets encrypts the same way."""
        return secrets.current_version == self.version and self.decryptable_by(secrets)


def target_of(option: str, secrets: SigningSecrets, servers: list[AuthServer]) -> ReencryptTarget:
    """The target of the option version: CURRENT (as the application itself encrypts), NO_VERSION, or the number of a version.

    ``servers``: those whose secrets these are, where the options do not name the secrets.
    """
    if option == CURRENT:
        version = _current_version(secrets, servers)
    elif option == NO_VERSION:
        version = None
    elif option.isascii() and option.isdigit():
        version = int(option)
    else:
        raise RunbookError(f"version: must be {CURRENT}, {NO_VERSION} or the number of a version of BETTER_AUTH_SECRETS, got {option}.")
    secret = secrets.single if version is None else secrets.versions.get(version)
    if secret is None:
        raise RunbookError(f"version: {_missing_secret(secrets, version)}. Correct the option version, or secret and secrets. {NOTHING_CHANGED}")
    return ReencryptTarget(secret, version)


def require_decryptable(target: ReencryptTarget, servers: list[AuthServer], force: bool) -> None:
    """Raises RunbookError where a running auth server can't decrypt the target, and without ``force`` where that could not be found out."""
    problem = unable_servers(target, servers)
    if problem:
        raise RunbookError(f"{problem} {NOTHING_CHANGED}")
    if force:
        return
    if not servers:
        raise RunbookError(
            f"No auth server is given, so nothing confirms that the application can decrypt values encrypted with {target}. Name its workloads in "
            f"the option auth_servers or, if none of them is running, set force: true. {NOTHING_CHANGED}"
        )
    unknown = next((server for server in servers if not server.secrets), None)
    if unknown:
        raise RunbookError(
            f"{unreadable_secret(unknown, why_unknown(unknown))} If you are sure that it can decrypt values encrypted with {target}, "
            f"set force: true. {NOTHING_CHANGED}"
        )


def unable_servers(target: ReencryptTarget, servers: list[AuthServer]) -> str:
    """Which running auth servers are known to be unable to decrypt the target, and what to do, "" where none is."""
    unable = [server for server in servers if server.secrets and not target.decryptable_by(server.secrets)]
    if not unable:
        return ""
    return f"A running auth server can't decrypt values encrypted with {target}: {', '.join(map(str, unable))}. {_prerequisite(target)}"


def writing(target: ReencryptTarget, server: AuthServer) -> str:
    """How a server encrypts from now on: WRITES_TARGET, WRITES_OTHER or WRITES_UNKNOWN."""
    if not server.secrets:
        return WRITES_UNKNOWN
    return WRITES_TARGET if target.written_by(server.secrets) else WRITES_OTHER


def why_unknown(server: AuthServer) -> str:
    """Why a server's secret is unknown, "" where it is not. One without either variable may have its secret from elsewhere."""
    return server.unknown_reason or ("" if server.secrets else "it has neither BETTER_AUTH_SECRET nor BETTER_AUTH_SECRETS")


def _current_version(secrets: SigningSecrets, servers: list[AuthServer]) -> int | None:
    """The active version. Servers of two stages know the same versions in a different order, so the active one is ambiguous then."""
    versions = {secrets.current_version, *(server.secrets.current_version for server in servers if server.secrets)}
    if len(versions) > 1:
        listed = ", ".join(str(version) for version in sorted(version for version in versions if version is not None))
        raise RunbookError(
            f"The running auth servers encrypt with different versions ({listed}), as during a rollout. Wait until it is complete, "
            f"or set the version in the option version. {NOTHING_CHANGED}"
        )
    return versions.pop()


def _missing_secret(secrets: SigningSecrets, version: int | None) -> str:
    if version is None:
        return "there is no value of BETTER_AUTH_SECRET"
    known = ", ".join(str(one) for one in secrets.versions) or "none"
    return f"BETTER_AUTH_SECRETS has no version {version} (it has {known})"


def _prerequisite(target: ReencryptTarget) -> str:
    if target.version is None:
        return "Give every auth server the same BETTER_AUTH_SECRET first, and wait until no pod with a different one is left."
    return (
        f"Give every auth server BETTER_AUTH_SECRETS with that secret as version {target.version} first (a release of Better Auth that supports "
        "versions; 1.3 does not), and wait until no pod without it is left."
    )
