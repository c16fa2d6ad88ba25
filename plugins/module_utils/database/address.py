# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database's URL as an application holds it, for libpq. Pure.

Applications write the same address for other drivers: SQLAlchemy puts the driver into the scheme, node-postgres and asyncpg have
words of their own for TLS, Prisma and poolers add parameters. What libpq does not know is left out; TLS is never weakened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

SCHEME = re.compile(r"postgres(ql)?(\+\w+)?")
KNOWN = {
    "application_name", "channel_binding", "gssencmode", "host", "hostaddr", "options", "port", "sslcert", "sslcrl", "sslkey", "sslmode",
    "ssl_min_protocol_version", "sslrootcert", "sslsni", "target_session_attrs", "user", "password", "dbname",
}  # fmt: skip
# node-postgres and asyncpg: their word for TLS and what it asks for, in libpq's words.
CHECKED = {"sslmode": "verify-full", "sslrootcert": "system"}
ENCRYPTED = {"sslmode": "require"}
TLS = {
    ("ssl", "true"): CHECKED, ("ssl", "1"): CHECKED, ("ssl", "false"): {}, ("ssl", "0"): {}, ("sslmode", "no-verify"): ENCRYPTED,
    **{("ssl", mode): {"sslmode": mode} for mode in ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")},
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """Connection parameters by libpq's names."""

    parameters: dict[str, str] = field(repr=False)

    @property
    def host(self) -> str:
        """The host's name, "" for the local socket."""
        return self.parameters.get("host", "")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.parameters.get("port") or 5432)

    def __str__(self) -> str:
        return f"database {self.parameters.get('dbname', '(default)')} at {self.host or 'the local socket'}:{self.port}"


def address_of(url: str, where: str) -> Address:
    """Takes a URL apart. Raises RunbookError, naming ``where`` it comes from and never showing it."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise RunbookError(f"{where} holds no URL of a database that can be read: its host or port is malformed.") from error
    if not SCHEME.fullmatch(parts.scheme):
        raise RunbookError(f"{where} holds no URL of a PostgreSQL database: it has to begin with postgresql://.")
    if "," in parts.netloc.rpartition("@")[2]:
        raise RunbookError(f"{where} names several hosts; name the primary alone.")
    given = {
        "host": unquote(parts.hostname or ""),
        "port": str(port or ""),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    parameters = {name: value for name, value in given.items() if value}
    for name, value in parse_qsl(parts.query):
        parameters.update(TLS.get((name, value.lower()), {name: value} if name in KNOWN else {}))
    return Address(parameters)
