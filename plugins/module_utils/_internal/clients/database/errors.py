# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Explains a database's error, with the next step. Pure."""

from __future__ import annotations

import re

from .statements import READ_ONLY, RESET_READ_ONLY, DatabaseError

# The next step by SQLSTATE, or by its first characters for a whole class.
NEXT_STEPS = {
    "08": "Is the database running, and is the address right?",
    "28": "Correct user and password in the database's URL.",
    "3D000": "Correct the database's name in its URL, or create the database.",
    "3F000": "Correct the option schema.",
    "42P01": "Correct the options schema and table, or let the application create the table first.",
    "42703": "Correct the names of the columns in the option columns.",
    "42501": "Grant the permission to the database's user (GRANT), or use the URL of a user that has it.",
    READ_ONLY: f"The database is read only. If it is a standby, use the address of the primary. If default_transaction_read_only is set, {RESET_READ_ONLY}",
    "53300": "There is no free connection: close some, or raise max_connections, or the connection limit of the role, the database or the pooler.",
    "53": "The database's server lacks disk space or memory: see its log.",
    "55P03": "Another transaction holds a lock on the table or a row: wait until it ends and run again, or raise lock_timeout.",
    "57014": "The statement took longer than statement_timeout: find out what keeps the database busy, or raise the time-out.",
    "57P": "The database is starting or stopping: run again when it is up.",
}
# The next step by the message of libpq, node-postgres or a pooler. The first match counts.
MESSAGES = (
    (r'database ".*" does not exist|no such database', NEXT_STEPS["3D000"]),
    (r"too many (clients|connections)|remaining connection slots|no more connections allowed|max clients|query_wait_timeout", NEXT_STEPS["53300"]),
    (r"server is not in hot standby mode|session is not read-only",
     "The URL asks for a standby: remove target_session_attrs from it, and name the primary."),
    (r"in hot standby mode|session is read-only|during recovery|read-only transaction", NEXT_STEPS[READ_ONLY]),
    (r"the database system is", NEXT_STEPS["57P"]),
    (r"no pg_hba.conf entry.*(SSL off|no encryption)", "The server's pg_hba.conf may require TLS, or another address: "
     "set sslmode=require in the URL, or use via: port_forward or via: pod."),
    (r"no pg_hba.conf entry", "Allow the user and this address in the server's pg_hba.conf, or use via: port_forward or via: pod."),
    (r"permission denied for database", NEXT_STEPS["42501"]),
    (r"not currently accepting connections", "Correct the database's name in its URL, or let it accept connections (ALTER DATABASE … ALLOW_CONNECTIONS)."),
    (r"not permitted to log in", "Use the URL of a user that may log in, or let this one (ALTER ROLE … LOGIN)."),
    (r"received invalid response|expected authentication request", "Something other than PostgreSQL answers there: correct host and port in the URL."),
    (r"requires a valid client certificate", "Name a client certificate with sslcert and sslkey in the URL."),
    (r'role ".*" does not exist|authentication failed|no password supplied|no such user|user not found', NEXT_STEPS["28"]),
    (r"unsupported startup parameter", "The pooler does not accept this parameter: remove options from the URL, or allow it in the pooler."),
    (r"statement pooling mode", "The pooler has no transactions: set its pool_mode to transaction, or use the address of the database itself."),
    (r"invalid connection option", "The driver does not support this parameter: remove it from the URL, or update the driver."),
    (r"weak sslmode|invalid .*value", "Correct this parameter in the URL."),
    (r"channel.binding", "Correct channel_binding and sslmode in the URL."),
    (r"certificate file .* does not exist|could not (load|read|open) .*(certificate|key) file|ENOENT",
     "Correct the path in the URL (sslrootcert, sslcert, sslkey): the file must be on the machine that connects to the database."),
    (r"connection is insecure|SSL (connection is )?required", "The database requires TLS: set sslmode=require in the URL."),
    (r"does not support SSL", "The URL requires TLS, which the database does not offer. Enable it there."),
    (r"connection (has been )?closed|closed the connection|connection (was )?terminated|terminating connection|EOF detected|unexpected eof"
     r"|reset by peer|ECONNRESET|EPIPE|broken pipe",
     "The connection was lost. See the log of the database, and of a pooler or proxy in front of it, and run again."),
    (r"certificate|SSL|TLS", "The database's certificate is not valid for this URL. Correct sslrootcert or the host name in the URL."),
    (r"could not translate host name|Name or service not known|ENOTFOUND|EAI_AGAIN|failed to resolve host",
     "The host name can't be resolved from here. It may resolve inside the cluster: use via: port_forward or via: pod."),
    (r"no route to host|network is unreachable|EHOSTUNREACH|ENETUNREACH", "The address can't be reached from here: use via: port_forward or via: pod."),
    (r"timed? ?out|ETIMEDOUT", "There is no answer. Is the database running, and reachable from here?"),
    (r"refused|ECONNREFUSED", "Nothing listens there. Is the database running, and is the port right?"),
)  # fmt: skip
# Errors without an SQLSTATE, or with one that says less than the message: connections, sign-in, unsupported features, the system's, a pooler's own.
BY_MESSAGE = ("08", "0A", "28", "58", "XX")
# The connection ended, or the server is starting or stopping.
CONNECTION_LOST = ("08", "57P")
# With these a commit may have taken effect although it failed: also where the server stops on an error of the system, or a proxy reports one.
MAYBE_COMMITTED = (*CONNECTION_LOST, "40003", "53", "58", "XX")
ACCOUNT = re.compile(r"(?<=://).*@", re.DOTALL)
USERS = ((re.compile(r'\b(user|role) "[^"]*"'), r'\1 "***"'), (re.compile(r"\b(no such user:?) \S+"), r"\1 ***"))


def database_error(message: str, sqlstate: str, where: str, committing: bool = False) -> DatabaseError:
    """The error with its next step. ``message`` is the database's own; user and password of the URL in it are hidden.

    ``committing``: whether a transaction that writes was being committed.
    """
    line, step = _cause(without_account(message), sqlstate)
    unknown = committing and (not sqlstate or sqlstate.startswith(MAYBE_COMMITTED))
    return DatabaseError(f"{where}: {line}. {step}".rstrip(), sqlstate, unknown=unknown)


def without_account(message: str) -> str:
    """A message without the user and the password of a URL."""
    message = ACCOUNT.sub("***@", message)
    for pattern, replacement in USERS:
        message = pattern.sub(replacement, message)
    return message


def _cause(message: str, sqlstate: str) -> tuple[str, str]:
    """The line of the message that names the cause, and the next step. libpq has a line for each address that it tries."""
    lines = [line.strip().rstrip(".") for line in message.strip().splitlines()] or [""]
    if not sqlstate or sqlstate.startswith(BY_MESSAGE):
        for pattern, step in MESSAGES:
            line = next((line for line in lines if re.search(pattern, line, re.IGNORECASE)), None)
            if line is not None:
                return line, step
    code = next((step for code, step in NEXT_STEPS.items() if sqlstate.startswith(code)), None)
    return lines[0], code or (f"(SQLSTATE {sqlstate})" if sqlstate else "")
