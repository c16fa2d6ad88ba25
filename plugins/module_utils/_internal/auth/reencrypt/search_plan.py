# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where encrypted values are searched beside the known columns, what can't be searched, and which values need an old secret. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from ..ciphertext import NONCE_SIZE, SQL_PATTERN, TAG_SIZE, CryptoError, decrypt, parse_ciphertext
from ..encrypted_columns import EncryptedColumn
from .plan import PRIVATE_KEYS

# The text columns of a backup table of jwks_cleanup, which the application does not read.
BACKUP_COLUMNS = {"backup_id", "table_name", "action", "key_id", "was", "became"}
KINDS = {"f": "it is a foreign table", "v": "it is a view that selects from no table"}
ENCRYPTED = re.compile(SQL_PATTERN)
ROW_SECURITY = "row security applies to the database's user, so rows may be hidden from it"


@dataclass(frozen=True)
class Unscanned:
    """What was not searched, and why. ``table``: schema.table; ``column``: "" for the whole table."""

    table: str
    column: str
    reason: str

    @property
    def label(self) -> str:
        """As the option unscanned names it."""
        return ".".join(filter(None, (self.table, self.column)))

    def report(self) -> dict:
        """For a module's result."""
        return {"table": self.table, "column": self.column or None, "reason": self.reason}


@dataclass(frozen=True)
class TextColumn:
    """A column that may hold encrypted texts, as the catalog describes it.

    ``textual``: whether its type is one of texts; ``binary``: whether it holds bytes; ``expiry``: the table's column of that kind; ``blocks``: the
    table's size.
    """

    oid: str
    schema: str
    table: str
    kind: str
    column: str
    readable: bool
    hides_rows: bool
    blocks: int
    expiry: str = ""
    textual: bool = True
    binary: bool = False

    @property
    def label(self) -> str:
        """schema.table"""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True)
class SearchColumn:
    """A column to search. ``known``: whether values that are an encrypted text and nothing else are re-encrypted, so that only others are searched."""

    name: str
    textual: bool = True
    binary: bool = False
    known: bool = False


@dataclass(frozen=True)
class SearchTable:
    """A table to search. ``columns``: those that are searched; ``backup``: whether it is one of jwks_cleanup's."""

    schema: str
    table: str
    columns: tuple[SearchColumn, ...]
    blocks: int
    backup: bool = False
    expiry: str = ""

    @property
    def label(self) -> str:
        """schema.table"""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True)
class Elsewhere:
    """How many values of a column need an old secret. ``backup``: whether the table is a backup, which the application does not read.

    ``reencryptable``: whether the column may be named in the option additional_columns.
    """

    table: str
    column: str
    values: int
    backup: bool = False
    reencryptable: bool = True

    def report(self) -> dict:
        """For a module's result."""
        return {"table": self.table, "column": self.column, "count": self.values, "backup": self.backup}


@dataclass(frozen=True)
class SearchResult:
    """``elsewhere``: columns beside the known ones with values that need an old secret."""

    elsewhere: list[Elsewhere] = field(default_factory=list)
    unscanned: list[Unscanned] = field(default_factory=list)

    @property
    def in_use(self) -> list[Elsewhere]:
        """Without backups."""
        return [one for one in self.elsewhere if not one.backup]


def plan_search(
    columns: Iterable[TextColumn], known: dict[tuple[str, str], EncryptedColumn], declared: frozenset[str]
) -> tuple[list[SearchTable], list[Unscanned]]:
    """The tables to search, the smallest first, and what can't be searched.

    ``known``: what is re-encrypted, by oid and column; ``declared``: the option unscanned.
    """
    tables, unscanned = [], []
    ordered = sorted(columns, key=lambda one: (one.blocks, one.label))
    for _label, group in groupby(ordered, key=lambda one: (one.blocks, one.label)):
        of_table = list(group)
        wanted = [
            one for one in of_table
            if known.get((one.oid, one.column)) != PRIVATE_KEYS and not {one.label, f"{one.label}.{one.column}"} & declared
        ]  # fmt: skip
        unscanned += _obstacles(wanted)
        readable = tuple(_search_column(one, known) for one in wanted if one.readable and one.kind not in KINDS)
        first = of_table[0]
        if readable:
            backup = {one.column for one in of_table} == BACKUP_COLUMNS
            tables.append(SearchTable(first.schema, first.table, readable, first.blocks, backup, _expiry(first)))
    return tables, unscanned


def _search_column(column: TextColumn, known: dict[tuple[str, str], EncryptedColumn]) -> SearchColumn:
    return SearchColumn(column.column, column.textual, column.binary, (column.oid, column.column) in known)


def _obstacles(wanted: list[TextColumn]) -> list[Unscanned]:
    if not wanted:
        return []
    first = wanted[0]
    if first.kind in KINDS:
        return [Unscanned(first.label, "", KINDS[first.kind])]
    denied = [Unscanned(one.label, one.column, "the database's user has no SELECT privilege") for one in wanted if not one.readable]
    return [*denied, *([Unscanned(first.label, "", ROW_SECURITY)] if first.hides_rows else [])]


def _expiry(column: TextColumn) -> str:
    """The column that says until when a row counts, for Better Auth's one-time codes, which stay in their table when they have expired."""
    return column.expiry if column.table in ("verification", "verifications") else ""


def needs_old_secret(text: str, target: str, secrets: Iterable[str]) -> bool:
    """Whether a text is encrypted with one of the secrets that is not the target, or bytes in hexadecimal contain such a text."""
    secrets = tuple(secrets)
    return any(_needs_old_secret(one, target, secrets) for one in (text, *_texts_in_bytes(text)))


def _texts_in_bytes(text: str) -> list[str]:
    """What may be encrypted texts among the characters that a hexadecimal text stands for."""
    parsed = parse_ciphertext(text)
    return ENCRYPTED.findall(parsed.data.decode("latin-1")) if parsed else []


def _needs_old_secret(text: str, target: str, secrets: tuple[str, ...]) -> bool:
    """AEAD shows which secret a text is encrypted with."""
    parsed = parse_ciphertext(text)
    if parsed is None or len(parsed.data) < NONCE_SIZE + TAG_SIZE:
        return False
    return next((secret != target for secret in secrets if _decrypts(parsed.data, secret)), False)


def _decrypts(data: bytes, secret: str) -> bool:
    try:
        decrypt(data, secret)
    except CryptoError:
        return False
    return True
