# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of every module that evaluates Better Auth's keys, and the secrets that they resolve to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ..clients.cluster.client import Cluster
from ..clients.database.options import DATABASE, DatabaseOptions
from ..clients.secret_refs.options import LOCATION, LOCATION_RULES, Location, redact_values
from ..errors import RunbookError
from ..libraries import CLUSTER, KEYS, database_libraries
from .ciphertext import UNENCRYPTED, require_nacl
from .clock import Offset, application_offset
from .jwks_table import TableNames, jwks_names
from .keys import ALGORITHMS, ENCRYPTED
from .server_secrets import WORKLOAD, AuthServer, common_secrets, running_auth_servers, secrets_from_options
from .signing_secrets import SigningSecrets

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "database": DATABASE,
    "secret": {"type": "dict", "no_log": False, "options": LOCATION, **LOCATION_RULES},
    "secrets": {"type": "dict", "no_log": False, "options": LOCATION, **LOCATION_RULES},
    "auth_servers": {"type": "list", "elements": "dict", "default": [], "options": WORKLOAD},
    "private_keys": {"type": "str", "choices": [ENCRYPTED, UNENCRYPTED], "default": ENCRYPTED, "no_log": False},
    "table": {"type": "str", "default": "jwks"},
    "schema": {"type": "str"},
    "columns": {"type": "dict", "default": {}},
    "algorithm": {"type": "str", "choices": list(ALGORITHMS)},
}
REDACT = {"secret": redact_values, "secrets": redact_values}
Hide = Callable[[Iterable[str]], None]


def libraries(params: dict) -> list[str]:
    """The Python libraries that these options need."""
    keys = KEYS if params["private_keys"] != UNENCRYPTED else ()
    return [*CLUSTER, *keys, *database_libraries(params["database"])]


@dataclass(frozen=True)
class AuthOptions:
    """Where the keys are and how they are stored. ``secret`` and ``secrets``: locations of the two variables' values."""

    namespace: str
    database: DatabaseOptions
    secret: Location | None
    secrets: Location | None
    auth_servers: list[dict]
    private_key_storage: str
    names: TableNames
    algorithm: str | None = None

    @classmethod
    def of(cls, params: dict, hide: Hide) -> AuthOptions:
        """The options of a module. Raises RunbookError for an invalid name of a table or column."""
        hide(filter(None, [params["database"]["url"]]))
        names = jwks_names(params["table"], params["schema"], params["columns"])
        secret, secrets = (Location.of(params[name]) if params[name] else None for name in ("secret", "secrets"))
        database = DatabaseOptions.of(params["database"])
        return cls(params["namespace"], database, secret, secrets, params["auth_servers"], params["private_keys"], names, params.get("algorithm"))

    @property
    def encrypts_keys(self) -> bool:
        """Whether the application encrypts its private keys, so that a secret decides which it can use."""
        return self.private_key_storage != UNENCRYPTED

    @property
    def needs_cluster(self) -> bool:
        """Whether the options can't be read without a cluster."""
        return not self.database.url or any(one.needs_cluster for one in (self.secret, self.secrets) if one)


@dataclass(frozen=True)
class ResolvedSecrets:
    """The secrets by which keys are evaluated, whether the options name them, and what the running auth servers have.

    ``clock_offset``: that of the application's clock, None where it is not known.
    """

    secrets: SigningSecrets | None
    explicit: bool
    auth_servers: list[AuthServer]
    clock_offset: Offset | None = None


def resolve_secrets(connect: Callable[[], Cluster], options: AuthOptions, hide: Hide) -> ResolvedSecrets:
    """The secrets that the options lead to. Raises RunbookError where there are none, or where they are invalid."""
    if options.encrypts_keys:
        require_nacl()
    secrets = None
    explicit = bool(options.secret or options.secrets)
    if explicit:
        secrets = secrets_from_options(connect, options.namespace, options.secret, options.secrets)
        hide(secrets.values)
    servers = running_auth_servers(connect(), options.namespace, options.auth_servers) if options.auth_servers else []
    for server in servers:
        hide(server.secrets.values if server.secrets else ())
    if not explicit and options.encrypts_keys:
        if not servers:
            raise RunbookError("No secret to evaluate the keys with. Set secret or secrets, or name the workloads that have it in auth_servers.")
        secrets = common_secrets(servers)
    return ResolvedSecrets(secrets, explicit, servers)


def with_clock(connect: Callable[[], Cluster], options: AuthOptions, resolved: ResolvedSecrets) -> ResolvedSecrets:
    """The same, with the application's clock, by which keys expire."""
    return replace(resolved, clock_offset=application_offset(connect, options.namespace, resolved.auth_servers, options.needs_cluster))
