# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The backup table of keys that an earlier version made, with a key that it deleted and one that it retired.

The SQL is a dump of PostgreSQL 15. What that does with it (json_populate_record) is done here for the one table.
"""

from __future__ import annotations

import json
import re

import pytest
from fake_keys import REAL, FakeKeys, resolved
from kept_state.readers import MISSING, RETIRED, BackupRow, CleanupOptions, JwksRow, clean_up, restore, text

SQL = text("jwks_backup.sql")
BACKUP = "runbook_jwks_backup"
VALUE = re.compile(r"NULL|'((?:[^']|'')*)'")


def columns(table: str) -> dict[str, str]:
    """Column to how it is declared."""
    body = re.search(rf"CREATE TABLE public\.{table} \((.*?)\n\);", SQL, re.DOTALL)[1]
    return {name.strip('"'): declared for name, declared in re.findall(r'^ +("?\w+"?) (.*?),?$', body, re.MULTILINE)}


def rows(table: str) -> list[dict]:
    lines = re.findall(rf"^INSERT INTO public\.{table} VALUES \((.*)\);$", SQL, re.MULTILINE)
    values = ([None if found[0] == "NULL" else found[1].replace("''", "'") for found in VALUE.finditer(line)] for line in lines)
    return [dict(zip(columns(table), line, strict=True)) for line in values]


def key(found: dict) -> JwksRow:
    """A row of keys, of the table or as a backup has kept it."""
    times = {"created_at": found["createdAt"], "expires_at": found["expiresAt"]}
    return JwksRow(found["id"], found["publicKey"], found["privateKey"], **times, alg=found["alg"], expired=bool(found["expiresAt"]))


class FrozenKeys(FakeKeys):
    """The tables of the dump, and every statement that was sent to them."""

    def __init__(self):
        backups = {
            one["backup_id"]: [BackupRow(key(json.loads(one["was"])), RETIRED if one["became"] else MISSING)]
            for one in sorted(rows(BACKUP), key=lambda one: one["taken_at"], reverse=True)
        }
        super().__init__([key(one) for one in rows("jwks")], backups=backups, exists=",".join(columns(BACKUP)))
        self.sent = []

    def run(self, statements, write):
        self.sent += [one.sql for one in statements]
        return super().run(statements, write)

    def about_backups(self) -> list[str]:
        return [sql for sql in self.sent if f'"{BACKUP}"' in sql]


@pytest.mark.parametrize(("asked", "backup_id", "restored"), [
    (None, "11c0ffee11c0ffee", "unreadable"), ("11c0ffee11c0ffee", "11c0ffee11c0ffee", "unreadable"), ("00c0ffee00c0ffee", "00c0ffee00c0ffee", "old"),
])  # fmt: skip
def test_what_was_deleted_and_what_was_retired_comes_back(asked, backup_id, restored):
    database = FrozenKeys()
    result = restore(database, CleanupOptions(state="restored", backup_id=asked, force=True), resolved(), False)
    assert (result.backup_id, result.restored, result.backup_table) == (backup_id, (restored,), f"public.{BACKUP}")
    back = next(row for row in database.rows if row.id == restored)
    real = REAL["keys"]["bare_unicode"]
    assert (back.public_key, back.private_key) == (real["publicKey"], real["privateKey"])


def test_restoring_reads_columns_that_the_table_has():
    database = FrozenKeys()
    restore(database, CleanupOptions(state="restored", force=True), resolved(), False)
    read = {name for sql in database.about_backups() for name in re.findall(r"\b[bn]\.(\w+)", sql)}
    assert {"backup_id", "key_id", "was", "became"} <= read <= set(columns(BACKUP))


@pytest.mark.parametrize("action", ["retire", "delete"])
def test_a_cleanup_writes_rows_that_the_table_takes(action):
    database = FrozenKeys()
    clean_up(database, CleanupOptions(selection="all", action=action, force=True), resolved(), False)
    written = [re.search(rf'INSERT INTO [^(]*"{BACKUP}" \(([^)]*)\)', sql) for sql in database.about_backups()]
    lists = [set(found[1].split(", ")) for found in written if found]
    needed = {name for name, declared in columns(BACKUP).items() if "NOT NULL" in declared and "DEFAULT" not in declared}
    assert lists and all(needed <= names <= set(columns(BACKUP)) for names in lists)
    assert not any("CREATE TABLE" in sql for sql in database.sent), "it is there already"


def test_it_is_found_under_the_name_that_it_has():
    assert CleanupOptions().backup_table == BACKUP and "PRIMARY KEY (backup_id, key_id)" in SQL
