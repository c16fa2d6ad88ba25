# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What values are brought under, and whether every running signer can read that. Pure; no message holds a secret.

An envelope is read only by a process that knows its version, and a bare text only by one whose BETTER_AUTH_SECRET it is: any other
answers 500 from the first row on that it can't read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.auth.signers import Signer
from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

CURRENT, BARE = "current", "bare"
WRITES_TARGET, WRITES_OTHER, WRITES_UNKNOWN = "target", "other", "unknown"
NOTHING = "Nothing was changed."


@dataclass(frozen=True)
class Target:
    """A secret and the form to write in: the envelope of a version, or bare where ``version`` is None."""

    secret: str = field(repr=False)
    version: int | None = None

    @property
    def secrets(self) -> SigningSecrets:
        """What reads the target and nothing else."""
        return SigningSecrets(self.secret) if self.version is None else SigningSecrets(None, {self.version: self.secret})

    def __str__(self) -> str:
        return "bare under BETTER_AUTH_SECRET" if self.version is None else f"in envelopes of version {self.version}"

    def read_by(self, secrets: SigningSecrets) -> bool:
        """Whether a process with these secrets reads it."""
        known = secrets.single if self.version is None else secrets.versions.get(self.version)
        return known == self.secret

    def written_by(self, secrets: SigningSecrets) -> bool:
        """Whether a process with these secrets writes the same."""
        return secrets.current_version == self.version and self.read_by(secrets)


def target_of(option: str, secrets: SigningSecrets, signers: list[Signer]) -> Target:
    """The target that the option names: CURRENT (as the application itself writes), BARE, or the number of a version.

    ``signers``: those whose secrets these are, where nobody named the secrets.
    """
    if option == CURRENT:
        version = _current(secrets, signers)
    elif option == BARE:
        version = None
    elif option.isascii() and option.isdigit():
        version = int(option)
    else:
        raise RunbookError(f"target: {option} is none of {CURRENT}, {BARE} and the number of a version of BETTER_AUTH_SECRETS.")
    secret = secrets.single if version is None else secrets.versions.get(version)
    if secret is None:
        raise RunbookError(f"target: {_lacking(secrets, version)}. Correct the option target, or secret and secrets. {NOTHING}")
    return Target(secret, version)


def require_readers(target: Target, signers: list[Signer], force: bool) -> None:
    """Raises RunbookError where a running signer can't read the target, and without ``force`` where that is not known."""
    problem = unable(target, signers)
    if problem:
        raise RunbookError(f"{problem} {NOTHING}")
    if force:
        return
    if not signers:
        raise RunbookError(
            f"No signer is named, so nothing shows that the application reads what is written {target}. Name its workloads in the option "
            f"signers or, where none of them runs, set force: true. {NOTHING}"
        )
    unknown = next((signer for signer in signers if not signer.secrets), None)
    if unknown:
        raise RunbookError(
            f"What {unknown} runs with is not known: {why_unknown(unknown)}. If you are sure that it reads what is written {target}, "
            f"set force: true. {NOTHING}"
        )


def unable(target: Target, signers: list[Signer]) -> str:
    """Which running signers are known to be unable to read the target, and what to do, "" where none is."""
    found = [signer for signer in signers if signer.secrets and not target.read_by(signer.secrets)]
    return f"A running signer can't read what is written {target}: {_named(found)}. {_first(target)}" if found else ""


def writing(target: Target, signer: Signer) -> str:
    """What a signer writes from now on: WRITES_TARGET, WRITES_OTHER or WRITES_UNKNOWN."""
    if not signer.secrets:
        return WRITES_UNKNOWN
    return WRITES_TARGET if target.written_by(signer.secrets) else WRITES_OTHER


def why_unknown(signer: Signer) -> str:
    """Why it is not known with what a signer encrypts, "" where it is. One without either variable may have its secret from elsewhere."""
    return signer.unknown or ("" if signer.secrets else "it has neither BETTER_AUTH_SECRET nor BETTER_AUTH_SECRETS")


def _current(secrets: SigningSecrets, signers: list[Signer]) -> int | None:
    """The version in force. Signers of two stages know the same versions in another order, and then it is not clear which that is."""
    found = {secrets.current_version, *(signer.secrets.current_version for signer in signers)}
    if len(found) > 1:
        versions = ", ".join(str(version) for version in sorted(found))
        raise RunbookError(
            f"The running signers write with different versions ({versions}), as in the middle of a rollout. Wait for its end, "
            f"or name the version in the option target. {NOTHING}"
        )
    return found.pop()


def _lacking(secrets: SigningSecrets, version: int | None) -> str:
    if version is None:
        return "there is no value of BETTER_AUTH_SECRET"
    known = ", ".join(str(one) for one in secrets.versions) or "none"
    return f"BETTER_AUTH_SECRETS has no version {version} (it has {known})"


def _first(target: Target) -> str:
    """What has to be done before."""
    if target.version is None:
        return "Give every signer the same BETTER_AUTH_SECRET first, and wait until no pod with another is left."
    return (
        f"Give every signer BETTER_AUTH_SECRETS with that secret as version {target.version} first (a release of Better Auth that has "
        "versions, 1.3 has none), and wait until no pod without it is left."
    )


def _named(signers: list[Signer]) -> str:
    return ", ".join(str(signer) for signer in signers)
