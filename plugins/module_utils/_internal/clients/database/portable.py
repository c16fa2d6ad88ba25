# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What this collection and its Python program in a pod share: parses a database URL, and translates SQL for psycopg2. Pure.

The program gets the source of this file, so it uses only the standard library, of Python 3.8. No message contains a part of a URL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote

# Scheme, user, password, the rest. As libpq and SQLAlchemy take it, the user ends at the first ":" and the password at the "@" behind it, so
# that the password may contain "/", "#" and "?"; as node-postgres takes it, also "@". Node.js reads this expression like Python.
PARTS = r"^(postgres(?:ql)?)(?:\+\w+)?://(?:([^:/@]*)(?::([^@]*(?:@[^@/?#]*)*))?@)?([^@]*)$"
REST = re.compile(r"(?P<host>\[[^\]]*\]|[^:/?]*)(?::(?P<port>[^/?]*))?(?:/(?P<dbname>[^?]*))?(?:\?(?P<query>.*))?", re.DOTALL)
HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%\w+)?|[/@].*")
INVALID = (
    "is not a valid PostgreSQL URL: it must be postgresql://user:password@host:port/database, without quotes. "
    "Percent-encode any of : / ? # @ % in a name or the password, for example %2F for / and %40 for @"
)
KNOWN = {
    "application_name", "channel_binding", "gssencmode", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
    "keepalives_interval", "options", "port", "require_auth", "requirepeer", "sslcert", "sslcertmode", "sslcrl", "sslcrldir", "sslkey",
    "ssl_max_protocol_version", "ssl_min_protocol_version", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni",
    "target_session_attrs", "tcp_user_timeout", "user", "password", "dbname",
}  # fmt: skip
MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")  # the weakest first
# TLS modes of node-postgres and asyncpg, as libpq's.
TLS = {"no-verify": "require", "true": "verify-full", "1": "verify-full", "false": "", "0": "", **{mode: mode for mode in MODES}}
SCHEMA = ("schema", "currentSchema", "search_path")  # parameters of Prisma, JDBC, and drivers that pass settings on
SEVERAL_SCHEMAS = "names its schema more than once; keep only the parameter schema"
# The parts of SQL in which text may look like a placeholder: literals, names, comments, and text between dollar signs.
COMMENT = r"/\*(?:[^*/]|\*(?!/)|/(?!\*)|INNER)*\*/"
PIECE = re.compile(
    r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[^\W\d][\w$]*|--[^\n]*"
    rf"|{COMMENT.replace('INNER', COMMENT.replace('|INNER', ''))}"
    r"|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)|\$(?P<number>\d+)|%",
    re.DOTALL,
)


class InvalidUrl(ValueError):
    """A URL that can't be used, and why, without a part of it."""


def parts_of(url: str) -> tuple[str, str, str, str]:
    """Scheme, user, password and the rest of a URL, none of them decoded. Raises InvalidUrl."""
    match = re.match(PARTS, url, re.DOTALL)
    # Digits and a "/" may be a port before a "@" further on, or begin a password: which host that means must not be guessed.
    if not match or re.match(r"\d*/", match[3] or ""):
        raise InvalidUrl(INVALID)
    return match[1], match[2] or "", match[3] or "", match[4]


def well_formed(url: str) -> str:
    """The same URL as every driver parses it, with user and password percent-encoded."""
    scheme, user, password, rest = parts_of(url)
    account = ":".join(quote(unquote(one), safe="") for one in (user, password) if one)
    return f"{scheme}://{account}{'@' if account else ''}{rest}"


def parameters_of(url: str) -> tuple[dict[str, str], list[str]]:
    """Connection parameters by libpq's names, and the schemas in the URL. Raises InvalidUrl."""
    _scheme, user, password, rest = parts_of(url)
    match = REST.fullmatch(rest)
    if not match:
        raise InvalidUrl(INVALID)
    parts = {"user": user, "password": password, "host": match["host"].strip("[]"), "port": match["port"], "dbname": match["dbname"]}
    parameters = {name: unquote(value) for name, value in parts.items() if value}
    query = parse_qsl(match["query"] or "")
    parameters.update((name, value) for name, value in query if name in KNOWN and name != "sslmode")
    parameters.update(_tls(query, parameters))
    _check(parameters)
    return parameters, _schemas(query)


def search_path(schemas: Sequence[str]) -> str:
    """The statement that resolves names without a schema in these schemas, for the rest of the transaction."""
    return "SET LOCAL search_path TO " + ", ".join('"' + one.replace('"', '""') + '"' for one in schemas)


def for_psycopg2(sql: str) -> str:
    """SQL with the placeholders $1, $2, … for psycopg2: %(p1)s, %(p2)s, …; text that only looks like one stays."""
    return PIECE.sub(lambda piece: f"%(p{piece['number']})s" if piece["number"] else piece[0].replace("%", "%%"), sql)


def named(parameters: Sequence[str | None]) -> dict[str, str | None]:
    """The parameters by those names."""
    return {f"p{number}": value for number, value in enumerate(parameters, start=1)}


def _tls(query: list[tuple[str, str]], parameters: dict[str, str]) -> dict[str, str]:
    """The requested TLS parameters; of several the strictest counts."""
    requested = [(name, value.lower()) for name, value in query if name in ("ssl", "sslmode")]
    if any(value not in TLS for _name, value in requested):
        raise InvalidUrl(f"has an unknown value in ssl or sslmode. Allowed are {', '.join(TLS)}")
    modes = [TLS[value] for _name, value in requested if TLS[value]]
    if not modes:
        return {}
    mode = {"sslmode": max(modes, key=MODES.index)}
    checked = any((name, value) in requested for name in ("ssl", "sslmode") for value in ("true", "1"))
    return {**mode, "sslrootcert": "system"} if checked and "sslrootcert" not in parameters else mode


def _check(parameters: dict[str, str]) -> None:
    if any("," in parameters.get(name, "") for name in ("host", "hostaddr", "port")):
        raise InvalidUrl("names several hosts; name only the primary")
    port = parameters.get("port", "5432")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise InvalidUrl(INVALID)
    if not HOST.fullmatch(parameters.get("host", "-")) or any("\0" in value for value in parameters.values()):
        raise InvalidUrl(INVALID)


def _schemas(query: list[tuple[str, str]]) -> list[str]:
    named_schemas = {tuple(one.strip().strip('"') for one in value.split(",")) for name, value in query if name in SCHEMA}
    if len(named_schemas) > 1:
        raise InvalidUrl(SEVERAL_SCHEMAS)
    return [one for one in named_schemas.pop() if one] if named_schemas else []
