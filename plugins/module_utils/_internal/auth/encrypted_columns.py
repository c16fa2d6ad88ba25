# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The columns that Better Auth encrypts beside private keys, and how many of their values a secret decrypts.

A change of the secret makes these values useless to their owners until they are re-encrypted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..clients.database.blocks import LIMIT, RANGE, read_blocks
from ..clients.database.statements import Database, rows
from .catalog import Relation, describe, snake_case
from .ciphertext import MALFORMED, READABLE, SQL_FORMAT, UNREADABLE, DecryptResult, decrypt_text
from .clock import Clock
from .jwks_table import TableNames
from .signing_secrets import SigningSecrets

PLAIN = "plain"
STATES = (READABLE, UNREADABLE, MALFORMED, PLAIN)
BLOCKS = "SELECT (pg_relation_size($1::text::oid) / current_setting('block_size')::bigint)::text AS blocks"


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


def find_table(database: Database, names: TableNames, name: str) -> tuple[TableNames, Relation | None]:
    """A table by its names, and what it is; None where it does not exist. ``name``: Better Auth's own.

    A table or column that has not been renamed by an option is found in snake case too.
    """
    relation = describe(database, names.sql_name)
    if relation is None and names.table == name and snake_case(name) != name:
        renamed = replace(names, table=snake_case(name))
        relation = describe(database, renamed.sql_name)
        names = renamed if relation else names
    return names, relation


def count_other_data(database: Database, schema: str | None, secrets: SigningSecrets) -> list[dict]:
    """Each column that exists and is not empty, with how many values are readable, unreadable, malformed, or not encrypted."""
    counted = []
    for table in dict.fromkeys(one.table for one in ENCRYPTED_COLUMNS):
        names, relation = find_table(database, TableNames(table, schema), table)
        existing = relation.columns if relation else {}
        columns = [one for one in ENCRYPTED_COLUMNS if one.table == table]
        names = names.found_in(existing, [one.column for one in columns])
        for one in columns:
            if relation and names.column(one.column) in existing:
                value = f"t.{names.sql(one.column)}::text"
                number = int(rows(database, f"SELECT count({value})::text AS number FROM {relation.name} AS t")[0]["number"])
                counts = count_states(one, number, _encrypted_texts(database, relation, value), secrets)
                counted.append({"table": table, "column": one.column, **counts})
    return [counts for counts in counted if counts["values"]]


def _encrypted_texts(database: Database, relation: Relation, value: str) -> Iterator[str]:
    """The values of a column that look encrypted, by ranges of blocks where it is a table with blocks of its own."""
    selected = f"SELECT {value} AS value FROM {relation.name} AS t WHERE"
    if relation.kind != "r":
        pages = iter([rows(database, f"{selected} {value} ~ $1::text", SQL_FORMAT)])
    else:
        blocks = int(rows(database, BLOCKS, relation.oid)[0]["blocks"])
        pages = read_blocks(database, f"{selected} {RANGE} AND {value} ~ $4::text {LIMIT}", SQL_FORMAT, blocks=blocks)
    return (row["value"] for page in pages for row in page)


def count_open_sessions(database: Database, schema: str | None, clock: Clock = Clock()) -> int | None:
    """How many sessions have not expired, which a change of the secret ends in browsers; None where they can't be counted."""
    names = TableNames("session", schema)
    relation = describe(database, names.sql_name)
    names = names.found_in(relation.columns if relation else (), ["expiresAt"])
    column = relation.columns.get(names.column("expiresAt")) if relation else None
    if not column or not column.readable:
        return None
    return int(rows(database, f"SELECT count(*)::text AS open FROM {names.sql_name} WHERE {names.sql('expiresAt')} > {clock.now}")[0]["open"])


def count_states(column: EncryptedColumn, number: int, encrypted: Iterable[str], secrets: SigningSecrets) -> dict[str, int]:
    """How many of a column's values are in which state. ``encrypted``: those that look encrypted, of a ``number`` of values. Pure."""
    states = Counter(state_of(column, decrypt_text(value, secrets)) for value in encrypted)
    states[MALFORMED if column.always else PLAIN] += max(0, number - states.total())
    return {"values": number, **{state: states[state] for state in STATES}}


def state_of(column: EncryptedColumn, result: DecryptResult) -> str:
    """The state of a value of a column. Where encryption is optional, a value without an encrypted format is plain. Pure."""
    return PLAIN if result.state == MALFORMED and not column.always else result.state
