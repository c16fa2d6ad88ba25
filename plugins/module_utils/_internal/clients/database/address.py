# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parses an application's database URL for libpq, and checks whether it may be used from this machine. Pure.

Applications write the URL for other drivers: SQLAlchemy puts the driver into the scheme, node-postgres and asyncpg have TLS parameters
of their own, Prisma and poolers add parameters. Parameters that the server does not need are dropped; TLS is never weakened.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import quote

from ...errors import RunbookError
from .portable import InvalidUrl, parameters_of

REQUIRED = {"host": "host", "user": "user", "dbname": "database"}
LOCAL_HOST = re.compile(r"(.+\.)?localhost(\.localdomain)?\.?|ip6-(localhost|loopback)", re.IGNORECASE)
USE_POD = (
    "To reach the database from where the application runs, name the workload that has the URL in its environment (workload: Deployment/NAME, "
    "which is via: pod)."
)


@dataclass(frozen=True)
class Address:
    """Connection parameters by libpq's names. ``origin``: where the URL comes from; ``schemas``: those in the URL."""

    parameters: dict[str, str] = field(repr=False)
    origin: str = ""
    schemas: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The host name, a socket's path, or "" where the URL has neither."""
        return self.parameters.get("host", "")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.parameters.get("port") or 5432)

    @property
    def secrets(self) -> list[str]:
        """What must not be printed, in clear and percent-encoded."""
        values = [self.parameters.get(name, "") for name in ("password", "sslpassword")]
        return [form for value in values for form in (value, quote(value, safe=""))]

    def __str__(self) -> str:
        schema = f", schema {', '.join(self.schemas)}," if self.schemas else ""
        return f"database {self.parameters.get('dbname', '(unnamed)')}{schema} at {self.host or 'an unnamed host'}:{self.port}"

    def require_elsewhere(self) -> None:
        """Raises RunbookError where the address resolves to this machine, which has to be requested explicitly."""
        host = self.parameters.get("hostaddr") or self.host
        if not is_local(host):
            return
        raise RunbookError(
            f"{self.origin} names {host or 'no host'}, which here means the machine that runs this module, not the one where the application "
            f"runs. {USE_POD} If the database of this machine is meant, {'' if host else 'write localhost or its socket into the URL and '}set "
            "via: direct."
        )

    def require_complete(self, tunnelled: bool) -> None:
        """Raises RunbookError where libpq would fill in a default for a missing part of the URL."""
        present = {**self.parameters, **({"host": "-"} if tunnelled or "hostaddr" in self.parameters else {})}
        missing = [word for name, word in REQUIRED.items() if name not in present]
        if missing:
            raise RunbookError(
                f"{self.origin} names no {' and no '.join(missing)}. Defaults of this machine are not used: write it into the URL "
                "(postgresql://user:password@host:port/database), or use workload: (via: pod), where the application's own settings apply."
            )

    def require_schema(self, option: str | None) -> None:
        """Raises RunbookError where the option ``schema`` contradicts the URL."""
        if option and self.schemas and option not in self.schemas:
            raise RunbookError(
                f"schema: the option is {option}, but the URL has {', '.join(self.schemas)} ({self.origin.rstrip(',')}). Correct one of the two."
            )


def address_of(url: str, origin: str) -> Address:
    """Parses a URL. Raises RunbookError with its ``origin``, never with the URL."""
    try:
        parameters, schemas = parameters_of(url.strip())
    except InvalidUrl as error:
        raise RunbookError(f"{origin} {error}.") from None
    return Address(parameters, origin, tuple(schemas))


def is_local(host: str) -> bool:
    """Whether a host means this machine: loopback, a socket, or none."""
    if not host or host[0] in "/@" or LOCAL_HOST.fullmatch(host):
        return True
    address = _ip_address(host)
    address = getattr(address, "ipv4_mapped", None) or address
    return address is not None and (address.is_loopback or address.is_unspecified)


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The host as an IP address, also from a short form such as 127.1; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.inet_aton(host))
    except OSError:
        return None
