# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The columns that Better Auth encrypts beside private keys, and how many of their values a secret decrypts.

A change of the secret makes these values useless to their owners until they are re-encrypted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..clients.database.statements import Database, quoted, rows
from .ciphertext import MALFORMED, READABLE, UNREADABLE, DecryptResult, decrypt_text
from .signing_secrets import SigningSecrets

PLAIN = "plain"


@dataclass(frozen=True)
class EncryptedColumn:
    """A column that may hold encrypted text. ``always``: whether Better Auth always encrypts it, or only where it is configured to."""

    table: str
    column: str
    always: bool


# What Better Auth 1.7 encrypts beside private keys; the list grows with its releases.
ENCRYPTED_COLUMNS = (
    EncryptedColumn("twoFactor", "secret", always=True),
    EncryptedColumn("twoFactor", "backupCodes", always=True),
    EncryptedColumn("account", "accessToken", always=False),
    EncryptedColumn("account", "refreshToken", always=False),
    EncryptedColumn("account", "idToken", always=False),
)


def count_other_data(database: Database, schema: str | None, secrets: SigningSecrets) -> list[dict]:
    """Each column that exists and is not empty, with how many values are readable, unreadable, malformed, or not encrypted."""
    tables = {one.table: ".".join(quoted(part) for part in (schema, one.table) if part) for one in ENCRYPTED_COLUMNS}
    listed = ", ".join(f"to_regclass(${number}::text)" for number in range(1, len(tables) + 1))
    sql = (
        "SELECT c.relname::text AS table, a.attname::text AS column FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        f"WHERE a.attnum > 0 AND NOT a.attisdropped AND c.oid = ANY (ARRAY[{listed}])"
    )
    existing = {(row["table"], row["column"]) for row in rows(database, sql, *tables.values())}
    counted = []
    for one in ENCRYPTED_COLUMNS:
        if (one.table, one.column) in existing:
            column = quoted(one.column)
            values = rows(database, f"SELECT {column}::text AS value FROM {tables[one.table]} WHERE {column} IS NOT NULL")
            counted.append({"table": one.table, "column": one.column, **count_states(one, [row["value"] for row in values], secrets)})
    return [counts for counts in counted if counts["values"]]


def count_open_sessions(database: Database, schema: str | None) -> int | None:
    """How many sessions have not expired, which a change of the secret ends in browsers; None where they can't be counted."""
    table = ".".join(quoted(part) for part in (schema, "session") if part)
    column = (
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = to_regclass($1::text) AND attname = 'expiresAt' "
        "AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT')"
    )
    if not rows(database, column, table):
        return None
    return int(rows(database, f'SELECT count(*)::text AS open FROM {table} WHERE "expiresAt" > now()')[0]["open"])


def count_states(column: EncryptedColumn, values: list[str], secrets: SigningSecrets) -> dict[str, int]:
    """How many values are in which state. Pure."""
    states = Counter(state_of(column, decrypt_text(value, secrets)) for value in values)
    return {"values": len(values), **{state: states[state] for state in (READABLE, UNREADABLE, MALFORMED, PLAIN)}}


def state_of(column: EncryptedColumn, result: DecryptResult) -> str:
    """The state of a value of a column. Where encryption is optional, a value without an encrypted format is plain. Pure."""
    return PLAIN if result.state == MALFORMED and not column.always else result.state
