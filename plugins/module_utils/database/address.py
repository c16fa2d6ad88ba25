# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database's URL as an application holds it, for libpq, and whether it may be used from here. Pure.

Applications write the same address for other drivers: SQLAlchemy puts the driver into the scheme, node-postgres and asyncpg have
words of their own for TLS, Prisma and poolers add parameters. What no database needs to know is left out; TLS is never weakened.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import quote

from ansible_collections.runbook.minikube.plugins.module_utils.database.portable import Unreadable, parameters_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

NEEDED = {"host": "host", "user": "user", "dbname": "database"}
LOCAL_NAME = re.compile(r"(.+\.)?localhost(\.localdomain)?\.?|ip6-(localhost|loopback)", re.IGNORECASE)
WAYS_OUT = (
    "To reach the database from where the application runs, name the workload that has the URL in its environment (workload: Deployment/NAME, "
    "which is via: pod)."
)


@dataclass(frozen=True)
class Address:
    """Connection parameters by libpq's names. ``origin``: where the URL comes from; ``schemas``: those that it names."""

    parameters: dict[str, str] = field(repr=False)
    origin: str = ""
    schemas: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The host's name, a socket's path, or "" where the URL says neither."""
        return self.parameters.get("host", "")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.parameters.get("port") or 5432)

    @property
    def secrets(self) -> list[str]:
        """What must not be shown, in clear and as it stands in a URL."""
        values = [self.parameters.get(name, "") for name in ("password", "sslpassword")]
        return [form for value in values for form in (value, quote(value, safe=""))]

    def __str__(self) -> str:
        schema = f", schema {', '.join(self.schemas)}," if self.schemas else ""
        return f"database {self.parameters.get('dbname', '(unnamed)')}{schema} at {self.host or 'an unnamed host'}:{self.port}"

    def require_elsewhere(self) -> None:
        """Raises RunbookError where from here the address means this machine, as nobody has said that this is meant."""
        place = self.parameters.get("hostaddr") or self.host
        if not is_local(place):
            return
        raise RunbookError(
            f"{self.origin} names {place or 'no host'}, which here means the machine that runs this module, and not the one where the application "
            f"runs. {WAYS_OUT} If this machine's database is really meant, {'' if place else 'write localhost or its socket into the URL and '}set "
            "via: direct."
        )

    def require_complete(self, tunnelled: bool) -> None:
        """Raises RunbookError where libpq would have to fill in what the URL does not say."""
        said = {**self.parameters, **({"host": "-"} if tunnelled or "hostaddr" in self.parameters else {})}
        missing = [word for name, word in NEEDED.items() if name not in said]
        if missing:
            raise RunbookError(
                f"{self.origin} names no {' and no '.join(missing)}. That is not filled in with what this machine has: write it into the URL "
                "(postgresql://user:password@host:port/database), or use workload: (via: pod), where the application's own settings hold."
            )

    def require_schema(self, option: str | None) -> None:
        """Raises RunbookError where the option ``schema`` contradicts the URL."""
        if option and self.schemas and option not in self.schemas:
            raise RunbookError(
                f"schema: the option says {option}, and the URL says {', '.join(self.schemas)} ({self.origin.rstrip(',')}). Correct one of the two."
            )


def address_of(url: str, origin: str) -> Address:
    """Takes a URL apart. Raises RunbookError, naming the ``origin`` that it comes from and never showing it."""
    try:
        parameters, schemas = parameters_of(url.strip())
    except Unreadable as error:
        raise RunbookError(f"{origin} {error}.") from None
    return Address(parameters, origin, tuple(schemas))


def is_local(place: str) -> bool:
    """Whether a host means the machine that asks: loopback, a socket, or nothing at all."""
    if not place or place[0] in "/@" or LOCAL_NAME.fullmatch(place):
        return True
    found = _number(place)
    found = getattr(found, "ipv4_mapped", None) or found
    return found is not None and (found.is_loopback or found.is_unspecified)


def _number(place: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is, also in a short form such as 127.1; None for a name."""
    try:
        return ipaddress.ip_address(place)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.inet_aton(place))
    except OSError:
        return None
