# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connection parameters for libpq in addition to the URL's, without the defaults of this machine."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import RunbookError
from .portable import SYSTEM_ROOTS, unsupported

NO_FILE = "/dev/null/nowhere"  # an empty path would make libpq use a file in the user's home directory
# Parameters that the URL may override. A dead connection is noticed within a minute.
DEFAULTS = {
    "port": "5432", "passfile": NO_FILE, "sslrootcert": NO_FILE, "sslcert": NO_FILE, "sslcrl": NO_FILE, "gssencmode": "disable",
    "keepalives": "1", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000",
}  # fmt: skip
FIXED = {"application_name": "runbook.minikube", "client_encoding": "UTF8"}


def connection_parameters(url: dict[str, str], tunnel: tuple[str, int] | None) -> dict[str, str]:
    """All parameters of a connection. ``url``: those of the URL; ``tunnel``: (IP address, port) to connect to instead."""
    instead = {"hostaddr": tunnel[0], "port": str(tunnel[1])} if tunnel else {}
    return {**DEFAULTS, **url, **_authority(url), **FIXED, **instead}


def _authority(url: dict[str, str]) -> dict[str, str]:
    """The system's certificate authorities where the URL names none; libpq uses them only together with a check of the host name."""
    if url.get("sslmode") in ("verify-ca", "verify-full") and "sslrootcert" not in url:
        return {"sslmode": "verify-full", "sslrootcert": SYSTEM_ROOTS}
    return {}


def require_supported(parameters: dict[str, str], version: int, origin: str) -> None:
    """Raises RunbookError where the URL has a parameter that this libpq does not know. ``version``: libpq's."""
    unknown = unsupported(parameters, version)
    if unknown:
        raise RunbookError(
            f"{origin} {unknown}. Install psycopg2-binary 2.9.11 or later, which has libpq 17, use via: pod, or remove the parameter from the URL."
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
