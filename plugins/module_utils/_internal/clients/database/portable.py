# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What this collection and its Python program in a pod share: parses a database URL, and translates SQL for psycopg2. Pure.

The program gets the source of this file, so it uses only the standard library, of Python 3.8. No message contains a part of a URL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote

SCHEME = r"postgres(?:ql)?(?:\+[\w.-]+)?://"  # SQLAlchemy puts the driver behind a "+"
# Scheme, user, password, the rest. As libpq and SQLAlchemy take it, the user ends at the first ":" and the password at the "@" behind it, so
# that the password may contain "/", "#" and "?"; as node-postgres takes it, also "@". Node.js reads these expressions like Python.
PARTS = r"^(postgres(?:ql)?)(?:\+[\w.-]+)?://(?:([^:/@]*(?:@[^:/@?#]*)*)(?::([^@]*(?:@[^@/?#]*)*))?@)?([^@]*)$"
# A port before a "@" further on, or the start of a password: which host that means must not be guessed, but with a driver in the scheme.
PORT_OR_PASSWORD = r"^\d*/"
OF_SQLALCHEMY = r"^postgres(?:ql)?\+"
REST = re.compile(r"(?P<host>\[[^\]]*\]|[^:/?]*)(?::(?P<port>[^/?]*))?(?:/(?P<dbname>[^?]*))?(?:\?(?P<query>.*))?", re.DOTALL)
HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%\w+)?|[/@].*")
EXAMPLE = "postgresql://user:password@host:port/database"
INVALID = (
    f"is not a valid PostgreSQL URL: it must be {EXAMPLE}. "
    "Percent-encode any of : / ? # @ % in a name or the password, for example %2F for / and %40 for @"
)
# What a value often is instead of a URL, and what to do about it. The first match counts.
MISTAKES = (
    (r"^$", "is empty"),
    (r"^[\"'`]", "is in quotes, which are part of the value there: remove them"),
    (r"^psql\s", "is a psql command: keep only the URL in it, without quotes"),
    (r"^(?:export\s+)?\w+\s*=\s*[\"'`]?(?:postgres|psql)", "starts with the name of a variable: keep only the URL after the ="),
    (r"^\w+\s*=", f"is a list of parameters, not a URL: write it as {EXAMPLE}"),
    (r"^jdbc:", f"is a JDBC URL: write it as {EXAMPLE}"),
    (r"^prisma(?:\+\w+)?://", "is the URL of a Prisma proxy, which does not speak PostgreSQL's protocol: use the database's own URL"),
    (rf"^(?!{SCHEME})[A-Za-z][\w+.-]*://", "has a scheme other than postgresql:// and postgres://: correct the scheme, or the options that select the URL"),
    (rf"^(?!{SCHEME})", f"has no scheme: it must be {EXAMPLE}"),
)
# Several hosts in what follows the account: separated by commas, or, as SQLAlchemy takes them, in several parameters.
HOSTS = r"^[^/?]*(?:,|%2[Cc])|[?&](?:host|hostaddr|port)=[^&]*(?:,|%2[Cc])|[?&](host|hostaddr)=.*&\1="
SEVERAL_HOSTS = "names several hosts, any of which may be a standby: use a URL that names only the primary"
KNOWN = {
    "application_name", "channel_binding", "gssencmode", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
    "keepalives_interval", "options", "port", "require_auth", "requirepeer", "sslcert", "sslcertmode", "sslcrl", "sslcrldir", "sslkey",
    "ssl_max_protocol_version", "ssl_min_protocol_version", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni",
    "target_session_attrs", "tcp_user_timeout", "user", "password", "dbname",
}  # fmt: skip
MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")  # the weakest first
# TLS modes of node-postgres and asyncpg, as libpq's.
TLS = {"no-verify": "require", "true": "verify-full", "1": "verify-full", "false": "", "0": "", **{mode: mode for mode in MODES}}
# Parameters, and the major version of libpq from which it knows them.
SINCE = {"sslcrldir": 14, "sslsni": 14, "require_auth": 16, "sslcertmode": 16, "sslnegotiation": 17}
SYSTEM_ROOTS = "system"  # as sslrootcert
SYSTEM_ROOTS_SINCE = 16
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
    mistake = next((what for pattern, what in MISTAKES if re.match(pattern, url)), None)
    if mistake:
        raise InvalidUrl(mistake)
    match = re.match(PARTS, url, re.DOTALL)
    if not match or (re.match(PORT_OR_PASSWORD, match[3] or "") and not re.match(OF_SQLALCHEMY, url)):
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
    if re.search(HOSTS, rest):
        raise InvalidUrl(SEVERAL_HOSTS)
    match = REST.fullmatch(rest)
    if not match:
        raise InvalidUrl(INVALID)
    parts = {"user": user, "password": password, "host": match["host"].strip("[]"), "port": match["port"], "dbname": match["dbname"]}
    parameters = {name: unquote(value) for name, value in parts.items() if value}
    query = _without_prisma(parse_qsl(match["query"] or ""))
    parameters.update((name, value) for name, value in query if name in KNOWN and name != "sslmode")
    parameters.update(_tls(query, parameters))
    _check(parameters)
    return parameters, _schemas(query)


def unsupported(parameters: dict[str, str], version: int) -> str:
    """Which parameter this libpq does not know, and which release does, "" where it knows all. ``version``: libpq's number, such as 160004."""
    major, minor = divmod(version, 10000)
    here = f"the installed one has version {major}.{minor}"
    if parameters.get("sslrootcert") == SYSTEM_ROOTS and major < SYSTEM_ROOTS_SINCE:
        return f"requires the system's certificate authorities (sslrootcert=system, or none), which needs libpq {SYSTEM_ROOTS_SINCE}; {here}"
    unknown = next((name for name in parameters if SINCE.get(name, 0) > major), None)
    return f"has the parameter {unknown}, which needs libpq {SINCE[unknown]}; {here}" if unknown else ""


def search_path(schemas: Sequence[str]) -> str:
    """The statement that resolves names without a schema in these schemas, for the rest of the transaction."""
    return "SET LOCAL search_path TO " + ", ".join('"' + one.replace('"', '""') + '"' for one in schemas)


def for_psycopg2(sql: str) -> str:
    """SQL with the placeholders $1, $2, … for psycopg2: %(p1)s, %(p2)s, …; text that only looks like one stays."""
    return PIECE.sub(lambda piece: f"%(p{piece['number']})s" if piece["number"] else piece[0].replace("%", "%%"), sql)


def named(parameters: Sequence[str | None]) -> dict[str, str | None]:
    """The parameters by those names."""
    return {f"p{number}": value for number, value in enumerate(parameters, start=1)}


def _without_prisma(query: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Prisma's TLS parameters by libpq's names. Its sslcert is the authority's certificate; libpq's is the client's, which needs sslkey too."""
    given = dict(query)
    if "sslcert" in given and "sslkey" not in given:
        query = [("sslrootcert" if name == "sslcert" else name, value) for name, value in query]
    strict = given.get("sslaccept") == "strict" and given.get("sslmode") != "disable"
    return [*query, ("ssl", "true")] if strict else query


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
    return {**mode, "sslrootcert": SYSTEM_ROOTS} if checked and "sslrootcert" not in parameters else mode


def _check(parameters: dict[str, str]) -> None:
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
