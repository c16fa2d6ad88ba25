# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connection parameters for libpq in addition to the URL's, without the defaults of this machine."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import RunbookError

NO_FILE = "/dev/null/nowhere"  # an empty path would make libpq use a file in the user's home directory
# Parameters that the URL may override. A dead connection is noticed within a minute.
DEFAULTS = {
    "port": "5432", "passfile": NO_FILE, "sslcert": NO_FILE, "gssencmode": "disable",
    "keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000",
}  # fmt: skip
FIXED = {"application_name": "runbook.minikube", "client_encoding": "UTF8"}
SYSTEM_ROOTS_SINCE = 16  # the major version of libpq that knows sslrootcert=system


def connection_parameters(url: dict[str, str], tunnel: tuple[str, int] | None) -> dict[str, str]:
    """All parameters of a connection. ``url``: those of the URL; ``tunnel``: (IP address, port) to connect to instead."""
    instead = {"hostaddr": tunnel[0], "port": str(tunnel[1])} if tunnel else {}
    return {**DEFAULTS, **url, **FIXED, **instead}


def require_system_roots(parameters: dict[str, str], version: int, origin: str) -> None:
    """Raises RunbookError where the URL requires the system's certificate authorities, which this libpq can't use. ``version``: libpq's."""
    major, minor = divmod(version, 10000)
    if parameters.get("sslrootcert") == "system" and major < SYSTEM_ROOTS_SINCE:
        raise RunbookError(
            f"{origin} requires the system's certificate authorities for the database (sslrootcert=system, or ssl=true), which needs libpq "
            f"{SYSTEM_ROOTS_SINCE}; this Python's psycopg2 has {major}.{minor}. Install psycopg2-binary 2.9.10 or later, or set the file "
            "of the authority in the URL: sslrootcert=/path/to/ca.pem."
        )


@contextmanager
def own_environment() -> Iterator[None]:
    """Hides PGHOST, PGSERVICE, PGPASSWORD and the like from libpq, and points its OpenSSL to the system's certificate authorities.

    The OpenSSL in psycopg2-binary looks for them where it was built.
    """
    removed = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("PG")}
    added = {name: path for name, path in _authorities().items() if path and name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
        os.environ.update(removed)


def _authorities() -> dict[str, str | None]:
    """Paths of the system's certificate authorities as this Python knows them, by OpenSSL's variables."""
    paths = ssl.get_default_verify_paths()
    return {"SSL_CERT_FILE": paths.cafile, "SSL_CERT_DIR": paths.capath}
