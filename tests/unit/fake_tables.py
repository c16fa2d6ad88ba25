# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database in memory, as far as a re-encryption uses one."""

from __future__ import annotations

import json
import re

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import CountError, Result
from catalog_rows import catalog_rows


class FakeTables:
    """A database in memory: table to rows, each a dictionary with an id. ``before``: called before each transaction that writes."""

    where = "The database"

    def __init__(self, **tables):
        self.tables = tables
        self.types = {}
        self.rights = {}
        self.catalog = {}
        self.writes = 0
        self.read_only = "off"
        self.before = lambda: None
        self.trigger = lambda value: value

    def run(self, statements, write):
        if write:
            self.writes += 1
            self.before()
        saved = json.dumps(self.tables)
        results = []
        for index, one in enumerate(statements):
            found = self._one(one)
            if one.count is not None and len(found) != one.count:
                self.tables = json.loads(saved)
                raise CountError(index, one.count, len(found))
            results.append(Result(len(found), found))
        return results

    def _one(self, statement):
        if "default_transaction_read_only" in statement.sql:
            return [{"read_only": self.read_only, "standby": "false"}]
        if "pg_attribute" in statement.sql:
            return self._columns(json.loads(statement.parameters[0]))
        table = self.tables[re.search(r'(?:FROM|UPDATE) "(\w+)"', statement.sql)[1]]
        column = re.search(r't\."(\w+)"::text = n', statement.sql)
        if column is None:
            return self._page(table, statement)
        return self._replaced(table, column[1], json.loads(statement.parameters[0]), statement.sql.startswith("UPDATE"))

    def _columns(self, table):
        names = {name for row in self.tables.get(table, []) for name in row}
        columns = [{"name": name, **self.types.get(name, {}), **self.rights.get(f"{table}.{name}", {})} for name in sorted(names)]
        return catalog_rows(table, columns, **self.catalog.get(table, {}))

    @staticmethod
    def _page(table, statement):
        names = re.findall(r't\."(\w+)"::text AS value', statement.sql)
        parameters = list(statement.parameters)
        after = parameters.pop(0) if " > $" in statement.sql else ""
        last = parameters.pop(0) if " <= $" in statement.sql else "\uffff"
        limit = re.search(r"LIMIT (\d+)", statement.sql)
        rows = [row for row in sorted(table, key=lambda row: row["id"]) if after < row["id"] <= last and any(row[name] for name in names)]
        rows = rows[: int(limit[1])] if limit else rows
        return [{"row_id": row["id"], **{f"value_{number}": row[name] for number, name in enumerate(names)}} for row in rows]

    def _replaced(self, table, column, values, update):
        found = [(row, one) for one in values for row in table if row["id"] == one["id"]]
        found = [(row, one) for row, one in found if row[column] == one["old" if update else "new"]]
        for row, one in found if update else []:
            row[column] = self.trigger(one["new"])
        return [{"row_id": row["id"]} for row, _one in found]
