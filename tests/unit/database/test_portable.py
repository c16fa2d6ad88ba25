# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Placeholders as psycopg2 takes them, and what only resembles one."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.portable import for_psycopg2, named, search_path


@pytest.mark.parametrize(
    ("sql", "rewritten"),
    [
        ("SELECT $1::text, $12::text", "SELECT %(p1)s::text, %(p12)s::text"),
        ("SELECT '$ba$1$' || $1", "SELECT '$ba$1$' || %(p1)s"),
        ("SELECT 'it''s $1' || $1", "SELECT 'it''s $1' || %(p1)s"),
        (r"SELECT E'it\'s $1' || $1", r"SELECT E'it\'s $1' || %(p1)s"),
        (r"SELECT 'ends with \' || $1", r"SELECT 'ends with \' || %(p1)s"),
        ('SELECT "a$1""$2" FROM t WHERE b = $1', 'SELECT "a$1""$2" FROM t WHERE b = %(p1)s'),
        ("SELECT a$1 FROM t$2 WHERE b = $1", "SELECT a$1 FROM t$2 WHERE b = %(p1)s"),
        ("SELECT 1 -- $1 isn't\n + $1", "SELECT 1 -- $1 isn't\n + %(p1)s"),
        ("SELECT /* $1 /* isn't $2 */ $3 */ $1", "SELECT /* $1 /* isn't $2 */ $3 */ %(p1)s"),
        ("DO $$ x := $1 % 'y $$; SELECT $1", "DO $$ x := $1 %% 'y $$; SELECT %(p1)s"),
        ("DO $a$ $1 $b$ ' $a$; SELECT $1", "DO $a$ $1 $b$ ' $a$; SELECT %(p1)s"),
        ("SELECT 7 % $1 WHERE a LIKE 'x%' AND b = '%(p1)s'", "SELECT 7 %% %(p1)s WHERE a LIKE 'x%%' AND b = '%%(p1)s'"),
        ('SELECT "50%"', 'SELECT "50%%"'),
        ("SELECT a-$1, b/$2", "SELECT a-%(p1)s, b/%(p2)s"),
    ],
)
def test_placeholders(sql, rewritten):
    assert for_psycopg2(sql) == rewritten


def test_parameters_by_their_names():
    assert named(("x", None)) == {"p1": "x", "p2": None}


def test_the_search_path():
    assert search_path(["auth", 'a"b']) == 'SET LOCAL search_path TO "auth", "a""b"'
