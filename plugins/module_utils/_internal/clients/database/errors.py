# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Explains a database's error, with the next step. Pure."""

from __future__ import annotations

import re

from .statements import READ_ONLY, RESET_READ_ONLY, DatabaseError

# The next step by SQLSTATE, or by its first two characters for a whole class.
NEXT_STEPS = {
    "08": "Is the database running, and is the address right?",
    "28": "Correct user and password in the database's URL.",
    "3D000": "Correct the database's name in its URL, or create the database.",
    "3F000": "Correct the option schema.",
    "42P01": "Correct the options schema and table, or let the application create the table first.",
    "42703": "Correct the names of the columns in the option columns.",
    "42501": "Grant the permission to the database's user (GRANT), or use the URL of a user that has it.",
    READ_ONLY: f"The database is read only. If it is a standby, use the address of the primary. If default_transaction_read_only is set, {RESET_READ_ONLY}",
    "53300": "The database has no free connection: close some, or raise max_connections.",
    "55P03": "Another transaction holds a lock on it: wait until it ends and run again, or raise lock_timeout.",
    "57014": "It took longer than statement_timeout: find out what keeps the database busy, or raise it.",
    "57P": "The database is starting or stopping: run again when it is up.",
}
# The next step by the message of libpq or node-postgres, for connection errors, which have no SQLSTATE.
MESSAGES = (
    (r'database ".*" does not exist', NEXT_STEPS["3D000"]),
    (r"too many (clients|connections)|remaining connection slots", NEXT_STEPS["53300"]),
    (r"the database system is", NEXT_STEPS["57P"]),
    (r'role ".*" does not exist|no pg_hba.conf entry', NEXT_STEPS["28"]),
    (r"unsupported startup parameter", "The pooler does not accept this parameter: remove options from the URL, or allow it in the pooler."),
    (r"does not support SSL|server does not support SSL", "The URL requires TLS, which the database does not offer. Enable it there."),
    (r"certificate|SSL|TLS", "The database's certificate is not valid for this URL. Correct sslrootcert or the host name in the URL."),
    (r"password authentication failed|no password supplied", NEXT_STEPS["28"]),
    (r"could not translate host name|Name or service not known|ENOTFOUND|EAI_AGAIN|failed to resolve host",
     "The host name can't be resolved from here. It may resolve inside the cluster: use via: port_forward or via: pod."),
    (r"timed? ?out|ETIMEDOUT", "It does not answer. Is the database running, and reachable from here?"),
    (r"refused|ECONNREFUSED", "Nothing listens there. Is the database running, and is the port right?"),
)  # fmt: skip
ACCOUNT = re.compile(r"(?<=://).*@", re.DOTALL)
# The connection ended, so that the database may have committed although the answer was lost: no SQLSTATE, or one of these classes.
CONNECTION_LOST = ("08", "57P")


def database_error(message: str, sqlstate: str, where: str, committing: bool = False) -> DatabaseError:
    """The error with its next step. ``message`` is the database's own; user and password of a URL in it are removed.

    ``committing``: whether a transaction that writes was being committed.
    """
    first = without_account(message).strip().partition("\n")[0].rstrip(".")
    lost = committing and (not sqlstate or sqlstate.startswith(CONNECTION_LOST))
    return DatabaseError(f"{where}: {first}. {_step(message, sqlstate)}".rstrip(), sqlstate, unknown=lost)


def without_account(message: str) -> str:
    """A message without the user and the password of a URL in it."""
    return ACCOUNT.sub("***@", message)


def _step(message: str, sqlstate: str) -> str:
    if sqlstate:
        return next((step for code, step in NEXT_STEPS.items() if sqlstate.startswith(code)), f"(SQLSTATE {sqlstate})")
    return next((step for pattern, step in MESSAGES if re.search(pattern, message, re.IGNORECASE)), "")
