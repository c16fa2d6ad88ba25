# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that name what to connect to. Pure."""

from __future__ import annotations

import ipaddress
import re

from ...errors import RunbookError
from .model import SCHEMES, NetworkTarget

LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
NAME = re.compile(rf"(?=.{{1,254}}$){LABEL}(\.{LABEL})*\.?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TARGET = {
    "host": {"type": "str"},
    "env": {"type": "str"},
    "port": {"type": "int"},
    "scheme": {"type": "str", "choices": list(SCHEMES), "default": "tcp"},
    "path": {"type": "str", "default": "/"},
}
DATABASE = {"env": {"type": "str", "default": "DATABASE_URL"}, "required": {"type": "bool", "default": True}}
DEFAULT_PORTS = {"http": 80, "https": 443}
POSTGRESQL_PORT = 5432


def targets_of(entries: list[dict] | None, database: dict | None) -> tuple[NetworkTarget, ...]:
    """The targets, the database last. Raises RunbookError with the option and what it must be."""
    targets = [_target(f"targets[{index}]", entry) for index, entry in enumerate(entries or [])]
    return (*targets, *([database_target(database)] if database else []))


def database_target(database: dict) -> NetworkTarget:
    """The database's address. Raises RunbookError for a variable that is none."""
    return NetworkTarget(env=_variable("database.env", database["env"]), port=POSTGRESQL_PORT, required=database["required"], is_database=True)


def _target(where: str, entry: dict) -> NetworkTarget:
    host, env, scheme, path = entry["host"], entry["env"], entry["scheme"], entry["path"]
    if bool(host) == bool(env):
        raise RunbookError(f"{where} needs either host or env, the container's variable with a URL, for example {{host: postgres, port: 5432}}.")
    if not path.startswith("/") or re.search(r"[\s\x00-\x1f\x7f]", path):
        raise RunbookError(f"{where}.path must start with / and contain no space, got '{path}'. Percent-encode it.")
    port = _port(where, entry["port"], scheme)
    if env:
        return NetworkTarget("", port, scheme, path, _variable(f"{where}.env", env))
    return NetworkTarget(_host(f"{where}.host", host), port, scheme, path)


def _port(where: str, port: int | None, scheme: str) -> int:
    number = DEFAULT_PORTS.get(scheme) if port is None else port
    if number is None:
        raise RunbookError(f"{where}.port is missing. Set it; only the schemes {' and '.join(DEFAULT_PORTS)} of {', '.join(SCHEMES)} have a default.")
    if not 1 <= number <= 65535:
        raise RunbookError(f"{where}.port must be from 1 to 65535, got {number}.")
    return number


def _host(where: str, text: str) -> str:
    host = text.strip("[]") if ":" in text else text
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not NAME.fullmatch(host) or re.fullmatch(r"[0-9.]+", host):
        raise RunbookError(f"{where} must be a host name or an IP address, without scheme, port and path, got '{text}'.")
    return host


def _variable(where: str, name: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise RunbookError(f"{where} must be the name of an environment variable, for example DATABASE_URL, got '{name}'.")
    return name
