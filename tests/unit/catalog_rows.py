# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows of PostgreSQL's catalog as the modules of keys ask for them."""

from __future__ import annotations


def catalog_rows(table, columns, **of_table):
    """A row for each column, which may be a dictionary with more than its name. ``of_table``: kind, hides_rows, beneath."""
    common = {"oid": f"oid of {table}", "label": f"public.{table}", "kind": "r", "hides_rows": "false", "user": "todo", "beneath": "", **of_table}
    default = {"type": "text", "readable": "true", "writable": "true", "textual": "true"}
    return [{**common, **default, **({"name": one} if isinstance(one, str) else one)} for one in columns]
