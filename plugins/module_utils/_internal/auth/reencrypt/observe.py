# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the secrets of a re-encryption: the target, the secrets that may decrypt values, and those of the running auth servers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ...clients.cluster.client import Cluster
from ...clients.secret_refs.observe import observe as observe_locations
from ...clients.secret_refs.options import Location
from ...clients.secret_refs.value import text_of
from ...errors import RunbookError
from ..ciphertext import require_nacl
from ..options import Hide, resolve_secrets
from ..server_secrets import AuthServer, common_secrets, running_auth_servers
from ..signing_secrets import secrets_in
from .options import ReencryptOptions
from .target import ReencryptTarget, require_decryptable, target_of, unable_servers

Connect = Callable[[], Cluster]


@dataclass(frozen=True)
class ReencryptSecrets:
    """``candidates``: all secrets that may decrypt values, the target's first; ``in_use``: those of the options and the running auth servers."""

    target: ReencryptTarget
    candidates: tuple[str, ...] = field(repr=False)
    auth_servers: list[AuthServer]
    in_use: frozenset[str] = field(default=frozenset(), repr=False)


def observe(connect: Connect, options: ReencryptOptions, hide: Hide) -> ReencryptSecrets:
    """Reads the secrets. Raises RunbookError, also where a running auth server could not decrypt what would be written."""
    require_nacl()
    resolved = resolve_secrets(connect, options.auth, hide)
    secrets = resolved.secrets or common_secrets(resolved.auth_servers)
    target = target_of(options.version, secrets, [] if resolved.explicit else resolved.auth_servers)
    require_decryptable(target, resolved.auth_servers, options.force)
    of_servers = {value for server in resolved.auth_servers if server.secrets for value in server.secrets.values}
    old = _read_old_secrets(connect, options.auth.namespace, options.old_secrets, hide)
    candidates = dict.fromkeys([target.secret, *sorted(secrets.values | of_servers), *old])
    return ReencryptSecrets(target, tuple(candidates), resolved.auth_servers, frozenset(secrets.values | of_servers))


def observe_again(connect: Connect, options: ReencryptOptions, target: ReencryptTarget) -> list[AuthServer]:
    """The running auth servers after the database was written. Raises RunbookError where one has started that can't decrypt it."""
    auth = options.auth
    try:
        servers = running_auth_servers(connect(), auth.namespace, auth.auth_servers) if auth.auth_servers else []
    except RunbookError as error:
        message = f"All values were re-encrypted with {target}, but then the auth servers could not be read again: {error}"
        raise RunbookError(message, **error.facts, changed=True) from error
    problem = unable_servers(target, servers)
    if problem:
        message = f"All values were re-encrypted with {target}, but meanwhile an auth server was started with different secrets. {problem}"
        raise RunbookError(message, changed=True)
    return servers


def _read_old_secrets(connect: Connect, namespace: str, locations: list[Location], hide: Hide) -> list[str]:
    """The secrets of the option old_secrets, also those in a list of versions. Containers of one location may have different ones."""
    if not locations:
        return []
    cluster = connect() if any(location.needs_cluster for location in locations) else None
    found = observe_locations(cluster, namespace, locations, option="old_secrets[{}]")
    values = [secret for one in found for secret in sorted(secrets_in(text_of([one], "old_secrets")))]
    hide(values)
    return values
