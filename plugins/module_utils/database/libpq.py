# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What libpq is told beside a database's URL, and kept from taking from this machine."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

NOWHERE = "/dev/null/nowhere"  # libpq takes an empty path for one of its own below the user's home, and no file for what it looks for there
# What is not left to libpq where the URL does not say it. A connection that died is noticed within a minute.
DEFAULTS = {
    "port": "5432", "passfile": NOWHERE, "sslcert": NOWHERE, "gssencmode": "disable",
    "keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000",
}  # fmt: skip
ALWAYS = {"application_name": "runbook.minikube", "client_encoding": "UTF8"}
SYSTEM_ROOTS_SINCE = 16  # the major version of libpq that knows sslrootcert=system


def connection_parameters(url: dict[str, str], tunnel: tuple[str, int] | None) -> dict[str, str]:
    """All parameters of a connection. ``url``: those of the URL; ``tunnel``: (IP address, port) to connect to instead."""
    instead = {"hostaddr": tunnel[0], "port": str(tunnel[1])} if tunnel else {}
    return {**DEFAULTS, **url, **ALWAYS, **instead}


def require_system_roots(parameters: dict[str, str], version: int, origin: str) -> None:
    """Raises RunbookError where certificates are to be checked by the system's authorities and this libpq can't. ``version``: its number."""
    major, minor = divmod(version, 10000)
    if parameters.get("sslrootcert") == "system" and major < SYSTEM_ROOTS_SINCE:
        raise RunbookError(
            f"{origin} asks to check the database's certificate by the system's authorities (sslrootcert=system, or ssl=true), which needs libpq "
            f"{SYSTEM_ROOTS_SINCE}; this Python's psycopg2 has {major}.{minor}. Install psycopg2-binary 2.9.10 or later, or name the file of "
            "the authority in the URL: sslrootcert=/path/to/ca.pem."
        )


@contextmanager
def own_environment() -> Iterator[None]:
    """Keeps this machine's PGHOST, PGSERVICE, PGPASSWORD and the like from libpq, and tells its OpenSSL where the system's authorities are.

    The OpenSSL within psycopg2-binary looks for them where it was built.
    """
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PG")}
    given = {name: path for name, path in _authorities().items() if path and name not in os.environ}
    os.environ.update(given)
    try:
        yield
    finally:
        for name in given:
            del os.environ[name]
        os.environ.update(taken)


def _authorities() -> dict[str, str | None]:
    """Where the system's certificate authorities are, as this Python knows it, by OpenSSL's variables."""
    paths = ssl.get_default_verify_paths()
    return {"SSL_CERT_FILE": paths.cafile, "SSL_CERT_DIR": paths.capath}
