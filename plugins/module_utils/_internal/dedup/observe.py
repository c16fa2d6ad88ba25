# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what the catalog says of the table, its indexes and its archive: two queries, however many rows the table has."""

from __future__ import annotations

import json
from typing import Any

from ..clients.database.statements import Database, rows
from ..errors import RunbookError
from .model import OWNER, PRIVILEGES, Archive, Column, Index, Observed, Reference, Table
from .options import DedupOptions

ON_DELETE, ON_INSERT = 8, 4  # bits of pg_trigger.tgtype
ROW_CHANGES = "'2', '3', '4'"  # pg_rewrite.ev_type of UPDATE, INSERT and DELETE
TABLE = (
    "SELECT c.relname::text AS name, n.nspname::text AS schema, c.relkind::text AS kind, current_user::text AS user, "
    "row_security_active(c.oid)::text AS hides_rows, coalesce(pg_get_partkeydef(c.oid), '') AS partition_key, "
    "coalesce((SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = c.oid LIMIT 1), '') AS parent, "
    "(SELECT json_agg(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = c.oid)::text AS children, "
    "(SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, NULL), quote_ident(a.attname), a.attgenerated <> '') ORDER BY a.attnum) "
    "FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text AS columns, "
    "(SELECT json_agg(a.attname ORDER BY k.position) FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position) "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum WHERE i.indrelid = c.oid AND i.indisprimary)::text AS key, "
    f"(SELECT json_agg(t.tgname ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' "
    f"AND (t.tgtype & {ON_DELETE | ON_INSERT}) <> 0)::text AS triggers, "
    f"(SELECT json_agg(r.rulename) FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type IN ({ROW_CHANGES}))::text AS rules, "
    "(SELECT json_agg(json_build_array(f.conname, f.conrelid::regclass::text, (SELECT json_agg(json_build_array(fa.attname, ta.attname)) "
    "FROM unnest(f.conkey, f.confkey) AS p (there, here) JOIN pg_attribute fa ON fa.attrelid = f.conrelid AND fa.attnum = p.there "
    "JOIN pg_attribute ta ON ta.attrelid = f.confrelid AND ta.attnum = p.here))) "
    "FROM pg_constraint f WHERE f.confrelid = c.oid AND f.contype = 'f' AND f.conparentid = 0)::text AS references, "
    + "".join(f"has_table_privilege(c.oid, '{word}')::text AS \"{word}\", " for word in PRIVILEGES)
    + "has_schema_privilege(n.oid, 'CREATE')::text AS \"CREATE\", pg_has_role(c.relowner, 'USAGE')::text AS owner, "
    "(SELECT json_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped)::text AS archive_columns, "
    "coalesce(row_security_active(b.oid), false)::text AS archive_hides_rows, "
    + ", ".join(f"coalesce(has_table_privilege(b.oid, '{word}'), false)::text AS \"archive {word}\"" for word in PRIVILEGES)
    + " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN pg_class b ON b.relnamespace = c.relnamespace AND b.relname = $2::text WHERE c.oid = to_regclass($1::text)"
)
# Unique indexes over one expression of the table, and whatever has the requested name. Of a relation that is no index, pg_index has no row.
INDEXES = (
    "SELECT c.relname::text AS name, n.nspname::text AS schema, coalesce(i.indisunique AND i.indimmediate AND i.indnatts = 1, false)::text AS unique, "
    "coalesce(i.indisvalid AND i.indisready AND i.indislive, false)::text AS valid, coalesce(i.indrelid = t.oid, false)::text AS on_table, "
    "(c.relname = $2::text)::text AS ours, coalesce(pg_get_expr(i.indexprs, i.indrelid), '') AS expression, "
    "coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate, coalesce(pg_get_indexdef(i.indexrelid), '') AS definition, "
    "EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.relid = t.oid AND p.index_relid = c.oid)::text AS building "
    "FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_class c ON c.relnamespace = n.oid LEFT JOIN pg_index i ON i.indexrelid = c.oid "
    "WHERE t.oid = to_regclass($1::text) AND (c.relname = $2::text OR i.indrelid = t.oid AND i.indisunique AND i.indexprs IS NOT NULL) "
    "ORDER BY ours DESC, name"
)


def observe(database: Database, options: DedupOptions) -> Observed:
    """Raises RunbookError where there is no such table."""
    record = _record(database, options.sql_name, options.archive_table)
    indexes = rows(database, INDEXES, options.sql_name, options.index)
    archive = _archive(record, options.archive_table)
    return Observed(_table(record, archive), archive, tuple(_index(one) for one in indexes))


def observe_table(database: Database, sql_name: str) -> Table:
    """The table alone. Raises RunbookError where there is none."""
    record = _record(database, sql_name, "")
    return _table(record, _archive(record, ""))


def _record(database: Database, sql_name: str, archive_table: str) -> dict:
    found = rows(database, TABLE, sql_name, archive_table)
    if not found:
        raise RunbookError(f"{database.where} has no table {sql_name}. Correct the options table and schema.")
    return found[0]


def _table(record: dict, archive: Archive) -> Table:
    columns = tuple(Column(*one) for one in _list(record["columns"]))
    references = tuple(Reference(name, table, tuple((there, here) for there, here in pairs)) for name, table, pairs in _list(record["references"]))
    lists: dict[str, Any] = {name: tuple(_list(record[name])) for name in ("key", "children", "triggers", "rules")}
    plain = {name: record[name] for name in ("name", "schema", "kind", "user", "partition_key", "parent")}
    return Table(**plain, **lists, columns=columns, references=references, hides_rows=record["hides_rows"] == "true", privileges=_privileges(record, archive))


def _privileges(record: dict, archive: Archive) -> frozenset[str]:
    schema = record["schema"]
    granted = {
        f"CREATE on schema {schema}": record["CREATE"],
        f"{OWNER} {schema}.{record['name']}": record["owner"],
        **{f"{word} on {schema}.{record['name']}": record[word] for word in PRIVILEGES},
        **{f"{word} on {archive.name}": record[f"archive {word}"] for word in PRIVILEGES},
    }
    return frozenset(privilege for privilege, has in granted.items() if has == "true")


def _archive(record: dict, name: str) -> Archive:
    columns = None if record["archive_columns"] is None else frozenset(_list(record["archive_columns"]))
    return Archive(record["schema"], name, columns, record["archive_hides_rows"] == "true")


def _index(record: dict) -> Index:
    flags = {name: record[name] == "true" for name in ("unique", "valid", "on_table", "ours", "building")}
    return Index(**flags, **{name: record[name] for name in ("name", "schema", "expression", "predicate", "definition")})


def _list(text: str | None) -> list:
    return json.loads(text) if text else []
