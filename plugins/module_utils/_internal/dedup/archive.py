# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The archive table: the rows that were removed, each complete, and during a run the places of those that will be. Pure.

An entry has ``content`` once its row was removed, by the same statement. Its type is json, which preserves text, so that restoring through the
table's own row type yields the same values.
"""

from __future__ import annotations

from ..clients.database.private_tables import make_private
from ..clients.database.statements import Statement
from .model import Archive, Table

COLUMNS = {
    "archive_id": "text NOT NULL", "table_name": "text NOT NULL", "entry": "bigint NOT NULL", "event_id": "text NOT NULL", "place": "tid NOT NULL",
    "version": "text NOT NULL", "kept_place": "tid NOT NULL", "kept_version": "text NOT NULL", "row_name": "text NOT NULL", "kept_name": "text NOT NULL",
    "bytes": "bigint NOT NULL", "gap": "float8", "kind": "text NOT NULL", "problem": "text NOT NULL", "content": "json", "removed_at": "timestamptz",
    "restored_at": "timestamptz",
}  # fmt: skip
KEY = "PRIMARY KEY (archive_id, entry)"  # an archive has the rows of one table


def create(archive: Archive) -> list[Statement]:
    """Creates the archive where it does not exist, for its owner alone."""
    if archive.exists:
        return []
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    return [Statement(f"CREATE TABLE IF NOT EXISTS {archive.sql_name} ({columns}, {KEY})"), *make_private(archive.sql_name)]


def lock(table: Table) -> Statement:
    """Allows one run at a time to list the duplicates of a table; released with the transaction."""
    return Statement("SELECT pg_advisory_xact_lock(hashtext('runbook.minikube'), hashtext($1::text))::text AS locked", (table.label,))


def remove_unused(archive: Archive, table: Table) -> Statement:
    """Removes entries whose row was not removed: a run was interrupted, or somebody changed the row."""
    return Statement(f"DELETE FROM {archive.sql_name} WHERE table_name = $1::text AND removed_at IS NULL", (table.name,))
