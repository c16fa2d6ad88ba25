# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Searches the whole database for values that are encrypted with an old secret, beside the columns that are known.

The server filters: only what looks like an encrypted text is sent, without the text around it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

from ...clients.database.blocks import LIMIT, RANGE, STATEMENT_TIMEOUT, read_blocks
from ...clients.database.errors import CONNECTION_LOST
from ...clients.database.statements import Database, DatabaseError, rows
from ...errors import RunbookError
from ..ciphertext import SHORTEST, SQL_PATTERN
from ..encrypted_columns import EncryptedColumn
from .apply import ReencryptResult, progress
from .plan import ReencryptJob
from .search_plan import Elsewhere, SearchColumn, SearchResult, SearchTable, TextColumn, Unscanned, needs_old_secret, plan_search

LONGEST = 50_000  # characters of an encrypted text; Better Auth's are much shorter
CONTAINERS = "(t.typcategory IN ('S', 'C') OR t.typname IN ('json', 'jsonb', 'xml', 'hstore', 'bytea'))"
# Columns of texts, JSON, bytes and composite types, of domains over them and arrays of these, but those of extensions.
# Of views only those that select from nothing that is searched itself.
COLUMNS = (
    "WITH RECURSIVE base(oid, type) AS (SELECT oid, oid FROM pg_type WHERE typtype <> 'd' "
    "UNION ALL SELECT d.oid, base.type FROM pg_type d JOIN base ON d.typbasetype = base.oid) "  # what domains are based on
    "SELECT c.oid::text AS oid, n.nspname::text AS schema, c.relname::text AS table, c.relkind::text AS kind, a.attname::text AS column, "
    "(s.typcategory = 'S')::text AS textual, (t.typname = 'bytea')::text AS binary, "
    "(has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT'))::text AS readable, "
    "row_security_active(c.oid)::text AS hides_rows, "
    "(coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::bigint)::text AS blocks, "
    "coalesce((SELECT x.attname::text FROM pg_attribute x WHERE x.attrelid = c.oid AND x.attname IN ('expiresAt', 'expires_at') "
    "AND NOT x.attisdropped LIMIT 1), '') AS expiry "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid "
    "JOIN base bs ON bs.oid = a.atttypid JOIN pg_type s ON s.oid = bs.type "
    "JOIN base bt ON bt.oid = CASE WHEN s.typcategory = 'A' THEN s.typelem ELSE s.oid END JOIN pg_type t ON t.oid = bt.type "
    "WHERE c.relkind IN ('r', 'm', 'f', 'v') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' "
    f"AND a.attnum > 0 AND NOT a.attisdropped AND {CONTAINERS} "
    "AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e') "
    "AND NOT (c.relkind = 'v' AND EXISTS (SELECT FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass "
    "AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid WHERE r.ev_class = c.oid)) ORDER BY c.oid, a.attnum"
)


class _TimeIsUp(Exception):
    """The search has to end."""


def search(
    database: Database,
    job: ReencryptJob,
    known: dict[tuple[str, str], EncryptedColumn],
    declared: frozenset[str],
    timeout: int,
    done: ReencryptResult,
) -> SearchResult:
    """Searches every readable table, the smallest first, for ``timeout`` seconds.

    ``known``: what is re-encrypted, by oid and column; ``declared``: labels that are not searched; ``done``: what was re-encrypted before.
    Raises RunbookError where the connection breaks.
    """
    try:
        return _search(database, job, known, declared, timeout)
    except RunbookError as error:
        raise RunbookError(f"The search for other encrypted values failed: {error} {progress(done)}", **error.facts, changed=done.written > 0) from error


def _search(database: Database, job: ReencryptJob, known: dict[tuple[str, str], EncryptedColumn], declared: frozenset[str], timeout: int) -> SearchResult:
    deadline = time.monotonic() + timeout
    tables, unscanned = plan_search(_text_columns(database), known, declared)
    found: list[Elsewhere] = []
    for table in tables:
        counts: Counter = Counter()
        unscanned += _search_table(database, table, job, counts, lambda: _require_time(deadline))
        found += [_elsewhere(table, column, counts[column]) for column in table.columns if counts[column]]
    return SearchResult(found, unscanned)


def _elsewhere(table: SearchTable, column: SearchColumn, values: int) -> Elsewhere:
    return Elsewhere(table.label, column.name, values, table.backup, reencryptable=column.textual and not column.known)


def _require_time(deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise _TimeIsUp


def _text_columns(database: Database) -> Iterable[TextColumn]:
    for row in rows(database, COLUMNS):
        flags = {name: row[name] == "true" for name in ("textual", "binary", "readable", "hides_rows")}
        yield TextColumn(**{**row, **flags, "blocks": int(row["blocks"])})


def _search_table(database: Database, table: SearchTable, job: ReencryptJob, counts: Counter, due: Callable[[], None]) -> list[Unscanned]:
    """Counts the values by column, and returns what could not be searched."""
    too_long: set[SearchColumn] = set()
    try:
        for page in read_blocks(database, _query(table), SQL_PATTERN, blocks=table.blocks, due=due):
            _count(page, table, job, counts, too_long)
    except _TimeIsUp:
        return [Unscanned(table.label, "", "the time of scan_timeout was over")]
    except DatabaseError as error:
        if not error.sqlstate or error.sqlstate.startswith(CONNECTION_LOST):
            raise
        return [Unscanned(table.label, "", _reason(database, error))]
    return [Unscanned(table.label, column.name, _too_long(column)) for column in table.columns if column in too_long]


def _too_long(column: SearchColumn) -> str:
    return f"it has values of more than {f'{LONGEST // 2} bytes' if column.binary else f'{LONGEST} hexadecimal digits'}"


def _count(page: list[dict], table: SearchTable, job: ReencryptJob, counts: Counter, too_long: set[SearchColumn]) -> None:
    for row in page:
        column = table.columns[int(row["number"])]
        if row["found"] is None:
            too_long.add(column)
        elif needs_old_secret(row["found"], job.target.secret, job.secrets):
            counts[column] += 1


def _query(table: SearchTable) -> str:
    """The encrypted texts in all columns of a table, those that are too long as NULL."""
    values = ", ".join(f"({number}, {_text_of(column)})" for number, column in enumerate(table.columns))
    expiry = f" AND t.{_quoted(table.expiry)} > now()" if table.expiry else ""
    return (
        f"SELECT v.number::text AS number, CASE WHEN length(m.texts[1]) <= {LONGEST} THEN m.texts[1] END::text AS found "
        f"FROM ONLY {_quoted(table.schema)}.{_quoted(table.table)} AS t CROSS JOIN LATERAL (VALUES {values}) AS v(number, value) "
        f"CROSS JOIN LATERAL regexp_matches(v.value, $4::text, 'g') AS m(texts) WHERE {RANGE} AND length(v.value) >= {SHORTEST}{expiry} {LIMIT}"
    )


def _text_of(column: SearchColumn) -> str:
    """The value of a column as text. Bytes are in hexadecimal, whatever bytea_output is; longer ones than an encrypted text are not read."""
    value = f"t.{_quoted(column.name)}"
    if not column.binary:
        text = f"{value}::text"
        return f"CASE WHEN {text} !~ ('^(' || $4::text || ')$') THEN {text} END" if column.known else text
    digits = f"CASE WHEN octet_length(e.bytes) > {LONGEST // 2} THEN repeat('0', {LONGEST + 1}) ELSE encode(e.bytes, 'hex') END"
    return f"(SELECT string_agg({digits}, ' ') FROM unnest(ARRAY[{value}]) AS e(bytes))"


def _quoted(name: str) -> str:
    """A name from the catalog, which may be any."""
    return '"' + name.replace('"', '""') + '"'


def _reason(database: Database, error: DatabaseError) -> str:
    if error.sqlstate == STATEMENT_TIMEOUT:
        return "a statement took longer than statement_timeout"
    return str(error).removeprefix(f"{database.where}: ").rstrip(".")
