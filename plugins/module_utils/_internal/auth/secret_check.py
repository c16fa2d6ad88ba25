# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a secret is confirmed to be the application's, so that it may decide which keys are removed. Pure.

A wrong secret decrypts no key at all, and neither does the right one after the incident; the keys can't tell these apart. The running
auth servers can: what they use is what keys have to fit.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import NOTHING_CHANGED, RunbookError
from .keys import SigningKey
from .options import ResolvedSecrets
from .server_secrets import SAME, UNKNOWN, AuthServer, compare_secrets, unreadable_secret

FORCE = "If you are sure, set force: true."


def require_confirmed_secret(resolved: ResolvedSecrets, keys: Iterable[SigningKey], force: bool) -> None:
    """Raises RunbookError where nothing confirms that ``resolved`` is what the application signs with."""
    if resolved.secrets is None:  # the application stores its keys unencrypted, so no secret matters
        reason = "None of the keys is stored unencrypted, so nothing confirms that the application stores them so."
        problem = _unconfirmed(keys, reason, "private_keys")
    elif resolved.auth_servers:
        problem = _contradiction(resolved)
    else:
        reason = "The secret decrypts none of the keys, and no running auth server was given to confirm it."
        problem = _unconfirmed(keys, reason, "auth_servers, or correct secret or secrets")
    if problem and not force:
        raise RunbookError(f"{problem} {FORCE} {NOTHING_CHANGED}")


def _contradiction(resolved: ResolvedSecrets) -> str:
    """Why the servers do not confirm the secret, "" where they do. Raises RunbookError where they refute it: no force helps then."""
    compared = [(server, compare_secrets(server, resolved.secrets)) for server in resolved.auth_servers]
    others = [server for server, result in compared if result not in (SAME, UNKNOWN)]
    if len(others) == len(compared):
        raise RunbookError(
            f"No running auth server has the secret of the options secret and secrets: {_describe(others)}. Name the one that they use "
            "(where they have both BETTER_AUTH_SECRET and BETTER_AUTH_SECRETS, set both secret and secrets), or leave both options "
            f"out to take it from the auth servers, or restart them first. {NOTHING_CHANGED}"
        )
    if others:
        return f"Not every running auth server has the secret: {_describe(others)}. Give all of them the same secret first, for example by a restart."
    unknown = next((server for server, result in compared if result == UNKNOWN), None)
    return unreadable_secret(unknown, unknown.unknown_reason) if unknown else ""


def _describe(servers: list[AuthServer]) -> str:
    return ", ".join(f"{one} has {'a different one' if one.secrets else 'none'}" for one in servers)


def _unconfirmed(keys: Iterable[SigningKey], reason: str, options: str) -> str:
    return "" if any(key.decryptable for key in keys) else f"{reason} Correct or set the option {options}."
