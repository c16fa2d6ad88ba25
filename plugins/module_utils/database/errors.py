# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a database's error means and what to do about it. Pure."""

from __future__ import annotations

import re

from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import READ_ONLY, TAKE_OFF, DatabaseError

# SQLSTATE, or its first two letters for a whole class: the next step.
STEPS = {
    "08": "Is the database running, and is the address right?",
    "28": "Correct user and password in the database's URL.",
    "3D000": "Correct the database's name in its URL, or make the database.",
    "3F000": "Correct the option schema.",
    "42P01": "Correct the options schema and table, or let the application make the table first.",
    "42703": "Correct the names of the columns in the option columns.",
    "42501": "Give the database's user that right (GRANT), or use the URL of one who has it.",
    READ_ONLY: f"The database is read only. A standby is: use the address of the primary. Where default_transaction_read_only says so, {TAKE_OFF}",
    "53300": "The database has no free connection: close some, or raise max_connections.",
    "55P03": "Somebody else holds a lock on it: wait until they are done and run again, or raise lock_timeout.",
    "57014": "It took longer than statement_timeout: see what keeps the database busy, or raise it.",
    "57P": "The database is starting or stopping: run again when it is up.",
}
# Errors of the connection itself, which have no code: words of libpq and node-postgres.
WORDS = (
    (r'database ".*" does not exist', STEPS["3D000"]),
    (r"too many (clients|connections)|remaining connection slots", STEPS["53300"]),
    (r"the database system is", STEPS["57P"]),
    (r'role ".*" does not exist|no pg_hba.conf entry', STEPS["28"]),
    (r"unsupported startup parameter", "The pooler takes no such setting: take options out of the URL, or allow it there."),
    (r"does not support SSL|server does not support SSL", "The URL asks for TLS, which the database does not offer. Turn it on there."),
    (r"certificate|SSL|TLS", "The database's certificate does not fit. Correct sslrootcert or the host's name in the URL."),
    (r"password authentication failed|no password supplied", STEPS["28"]),
    (r"could not translate host name|Name or service not known|ENOTFOUND|EAI_AGAIN|failed to resolve host",
     "No such host from here. Inside the cluster's network it may exist: use via: port_forward or via: pod."),
    (r"timed? ?out|ETIMEDOUT", "It does not answer. Is the database running, and reachable from here?"),
    (r"refused|ECONNREFUSED", "Nothing listens there. Is the database running, and is the port right?"),
)  # fmt: skip
ACCOUNT = re.compile(r"(?<=://).*@", re.DOTALL)
# The connection ended, so that the database may have done it and the answer is lost: no code, or the beginning of one.
LOST = ("08", "57P")


def explained(message: str, sqlstate: str, where: str, committing: bool = False) -> DatabaseError:
    """The error for a person. ``message`` is the database's own; user and password of a URL within it are left out.

    ``committing``: whether a transaction that writes was being ended.
    """
    first = without_account(message).strip().partition("\n")[0].rstrip(".")
    lost = committing and (not sqlstate or sqlstate.startswith(LOST))
    return DatabaseError(f"{where}: {first}. {_step(message, sqlstate)}".rstrip(), sqlstate, unknown=lost)


def without_account(message: str) -> str:
    """A message without the user and the password of a URL within it."""
    return ACCOUNT.sub("***@", message)


def _step(message: str, sqlstate: str) -> str:
    if sqlstate:
        return next((step for code, step in STEPS.items() if sqlstate.startswith(code)), f"(SQLSTATE {sqlstate})")
    return next((step for words, step in WORDS if re.search(words, message, re.IGNORECASE)), "")
