# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done here and by the Python program in a pod alike: takes a database's URL apart, and writes SQL for psycopg2. Pure.

The program gets the text of this file, so it uses Python's own library alone, of Python 3.8. No message holds a part of a URL.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote

# Scheme, user, password, the rest. As libpq and SQLAlchemy take it, the user ends at the first ":" and the password at the "@" behind it, so
# that a "/", "#" or "?" may stand in the password; as node-postgres takes it, a "@" may too. Node.js reads this expression like Python.
PARTS = r"^(postgres(?:ql)?)(?:\+\w+)?://(?:([^:/@]*)(?::([^@]*(?:@[^@/?#]*)*))?@)?([^@]*)$"
REST = re.compile(r"(?P<host>\[[^\]]*\]|[^:/?]*)(?::(?P<port>[^/?]*))?(?:/(?P<dbname>[^?]*))?(?:\?(?P<query>.*))?", re.DOTALL)
HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+(%\w+)?|[/@].*")
UNREADABLE = (
    "holds no URL of a PostgreSQL database that can be read: it has to be postgresql://user:password@host:port/database, without quotes. "
    "Where one of : / ? # @ % stands in a name or the password, write its code, for example %2F for / and %40 for @"
)
KNOWN = {
    "application_name", "channel_binding", "gssencmode", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
    "keepalives_interval", "options", "port", "require_auth", "requirepeer", "sslcert", "sslcertmode", "sslcrl", "sslcrldir", "sslkey",
    "ssl_max_protocol_version", "ssl_min_protocol_version", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni",
    "target_session_attrs", "tcp_user_timeout", "user", "password", "dbname",
}  # fmt: skip
MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")  # the weakest first
# The words of node-postgres and asyncpg for TLS, in libpq's.
TLS = {"no-verify": "require", "true": "verify-full", "1": "verify-full", "false": "", "0": "", **{mode: mode for mode in MODES}}
SCHEMA = ("schema", "currentSchema", "search_path")  # words of Prisma, JDBC, and drivers that pass settings on
SEVERAL_SCHEMAS = "names its schema in several ways; say it once, as schema"
# What SQL is made of, as far as a placeholder could seem to stand in it: literals, names, comments, and text between dollar signs.
COMMENT = r"/\*(?:[^*/]|\*(?!/)|/(?!\*)|INNER)*\*/"
PIECE = re.compile(
    r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[^\W\d][\w$]*|--[^\n]*"
    rf"|{COMMENT.replace('INNER', COMMENT.replace('|INNER', ''))}"
    r"|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)|\$(?P<number>\d+)|%",
    re.DOTALL,
)


class Unreadable(ValueError):
    """A URL that can't be used, and why; nothing of it is in the message."""


def parts_of(url: str) -> tuple[str, str, str, str]:
    """Scheme, user, password and the rest of a URL, none of them decoded. Raises Unreadable."""
    found = re.match(PARTS, url, re.DOTALL)
    # Digits and a "/" may be a port before a "@" further on, or begin a password: which host that means is not to be guessed.
    if not found or re.match(r"\d*/", found[3] or ""):
        raise Unreadable(UNREADABLE)
    return found[1], found[2] or "", found[3] or "", found[4]


def well_formed(url: str) -> str:
    """The same URL as every driver reads it, with user and password encoded."""
    scheme, user, password, rest = parts_of(url)
    account = ":".join(quote(unquote(one), safe="") for one in (user, password) if one)
    return f"{scheme}://{account}{'@' if account else ''}{rest}"


def parameters_of(url: str) -> tuple[dict[str, str], list[str]]:
    """Connection parameters by libpq's names, and the schemas that the URL names. Raises Unreadable."""
    _scheme, user, password, rest = parts_of(url)
    found = REST.fullmatch(rest)
    if not found:
        raise Unreadable(UNREADABLE)
    given = {"user": user, "password": password, "host": found["host"].strip("[]"), "port": found["port"], "dbname": found["dbname"]}
    parameters = {name: unquote(value) for name, value in given.items() if value}
    query = parse_qsl(found["query"] or "")
    parameters.update((name, value) for name, value in query if name in KNOWN and name != "sslmode")
    parameters.update(_tls(query, parameters))
    _check(parameters)
    return parameters, _schemas(query)


def search_path(schemas: list[str]) -> str:
    """The statement by which names without a schema mean those of these schemas, as long as the transaction lasts."""
    return "SET LOCAL search_path TO " + ", ".join('"' + one.replace('"', '""') + '"' for one in schemas)


def for_psycopg2(sql: str) -> str:
    """SQL with the placeholders $1, $2, … as psycopg2 takes them, %(p1)s, %(p2)s, …; what only looks like one stays."""
    return PIECE.sub(lambda piece: f"%(p{piece['number']})s" if piece["number"] else piece[0].replace("%", "%%"), sql)


def named(parameters: list[str | None]) -> dict[str, str | None]:
    """The parameters by these names."""
    return {f"p{number}": value for number, value in enumerate(parameters, start=1)}


def _tls(query: list[tuple[str, str]], parameters: dict[str, str]) -> dict[str, str]:
    """What is asked for of TLS; of several words for it the strictest counts."""
    asked = [(name, value.lower()) for name, value in query if name in ("ssl", "sslmode")]
    if any(value not in TLS for _name, value in asked):
        raise Unreadable(f"asks in ssl or sslmode for something unknown. Known are {', '.join(TLS)}")
    modes = [TLS[value] for _name, value in asked if TLS[value]]
    if not modes:
        return {}
    wanted = {"sslmode": max(modes, key=MODES.index)}
    checked = any((name, value) in asked for name in ("ssl", "sslmode") for value in ("true", "1"))
    return {**wanted, "sslrootcert": "system"} if checked and "sslrootcert" not in parameters else wanted


def _check(parameters: dict[str, str]) -> None:
    if any("," in parameters.get(name, "") for name in ("host", "hostaddr", "port")):
        raise Unreadable("names several hosts; name the primary alone")
    port = parameters.get("port", "5432")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise Unreadable(UNREADABLE)
    if not HOST.fullmatch(parameters.get("host", "-")) or any("\0" in value for value in parameters.values()):
        raise Unreadable(UNREADABLE)


def _schemas(query: list[tuple[str, str]]) -> list[str]:
    said = {tuple(one.strip().strip('"') for one in value.split(",")) for name, value in query if name in SCHEMA}
    if len(said) > 1:
        raise Unreadable(SEVERAL_SCHEMAS)
    return [one for one in said.pop() if one] if said else []
