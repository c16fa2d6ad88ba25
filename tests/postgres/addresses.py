# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The code's own way to the databases of the tests."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.address import Address, address_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.direct import DirectDatabase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.options import DATABASE, DatabaseOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import Limits
from servers import PASSWORD

LIMITS = Limits(connect=10, statement=30, lock=5)


def url(port: int, database: str, query: str = "", host: str = "127.0.0.1", user: str = "owner", password: str = PASSWORD) -> str:
    return f"postgresql://{user}:{password}@{host}:{port}/{database}{'?' if query else ''}{query}"


def address(port: int, database: str, query: str = "", host: str = "127.0.0.1") -> Address:
    return address_of(url(port, database, query, host), "database.url")


def direct(port: int, database: str, query: str = "") -> DirectDatabase:
    return DirectDatabase(address(port, database, query), LIMITS)


def tunnelled(port: int, database: str, query: str, host: str) -> DirectDatabase:
    """To the server by another name, as through a forward."""
    return DirectDatabase(address(5432, database, query, host), LIMITS, ("127.0.0.1", port), ", through a forward")


def opened(database_url: str, schema: str | None = None, **option):
    """What a module opens by that URL."""
    defaults = {name: entry.get("default") for name, entry in DATABASE["options"].items()}
    return open_database(None, "default", DatabaseOptions.of({**defaults, "url": database_url, "via": "direct", **option}), schema, list)
