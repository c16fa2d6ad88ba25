# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cleanup of tables as applications and their databases really have them: other names, views, row security, clocks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.apply import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.options import CleanupOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.clock import Offset
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_keys import FakeKeys, resolved, row

OLD_TABLE = tuple(row(name, kind, day) for name, kind, day in [("new", "bare_unicode", 9), ("works", "bare", 5), ("also", "envelope", 4)])


def clean(database, of=None, **options):
    return clean_up(database, CleanupOptions(**options), of or resolved(), check=False)


@pytest.mark.parametrize("name", ["expires_on", "validUntil", "retired_at"])
def test_keys_are_not_deleted_where_the_column_for_retiring_may_have_another_name(name):
    database = FakeKeys(OLD_TABLE, can_retire=False)
    database.columns = (*database.columns, name)
    with pytest.raises(RunbookError, match=f"would be deleted instead of retired. If {name} is that column, name it in the option columns, as expiresAt"):
        clean(database)
    assert not database.written
    done = clean(database, action="delete")
    assert done.report()["removed"] == ["new", "also"]
    assert f"has no column expiresAt. If {name} is that column" in done.warnings()[0]


def test_a_column_in_snake_case_is_found():
    database = FakeKeys()
    database.columns = ("id", "public_key", "private_key", "created_at", "expires_at", "alg")
    assert clean(database).report()["retired"] == ["new", "also"]
    assert 'SET "expires_at" = ' in "".join(one.sql for one in database.written[0])


def test_a_key_expires_by_the_application_s_clock():
    """The database is an hour ahead: what it calls past is an hour away for the application, which would sign on."""
    database = FakeKeys()
    database.ahead = 3600
    done = clean(database, of=replace(resolved(), clock_offset=Offset(0)))
    retire = next(one.sql for one in database.written[0] if one.sql.startswith("WITH changed AS"))
    assert "SET \"expiresAt\" = (now() - make_interval(secs => 3600)) - interval '1 minute'" in retire
    assert done.report()["clock_skew"] == 3600 and "clock is 3600 s ahead of the application's" in done.warnings()[0]


@pytest.mark.parametrize("offset", [None, 3600.0])
def test_clocks_that_agree_or_are_unknown(offset):
    database = FakeKeys()
    database.ahead = offset or 0
    done = clean(database, of=replace(resolved(), clock_offset=None if offset is None else Offset(offset)))
    assert done.report()["clock_skew"] == (None if offset is None else 0) and not [one for one in done.warnings() if "clock" in one]


def test_row_security_is_told_and_refused_where_no_key_is_visible():
    database = FakeKeys()
    database.catalog = {"hides_rows": "true"}
    done = clean(database)
    assert done.report()["row_security"] and "applies to the database user todo, so rows may be hidden" in done.warnings()[0]
    empty = FakeKeys([])
    empty.catalog = {"hides_rows": "true"}
    with pytest.raises(RunbookError, match="No key is visible. Row security of the table .*BYPASSRLS.*set force: true. Nothing was changed"):
        clean(empty)
    assert not clean(empty, force=True).changed_ids


def test_a_view_is_refused_with_the_table_beneath():
    database = FakeKeys()
    database.catalog = {"kind": "v", "beneath": "keys_v2"}
    with pytest.raises(RunbookError, match='"jwks" is a view of keys_v2, and keys are changed in the table itself. Name it in the options table and schema'):
        clean(database)
