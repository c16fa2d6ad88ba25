# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database in memory with a table of keys and one of backups. It knows the module's statements by their shape, and does what they do."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.restore_plan import MISSING, UNCHANGED
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import OPTIONAL, REQUIRED, JwksRow
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.keys import evaluate_keys
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.options import ResolvedSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.server_secrets import AuthServer
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.statements import Result
from catalog_rows import catalog_rows

REAL = json.loads((Path(__file__).parent / "auth/vectors/better-auth-1.7.25.json").read_text())
A, B = (SigningSecrets(REAL["secrets"][name]) for name in "AB")
RETIRED = "2025-04-01 00:00:00+00"


def row(name, kind, day, **more):
    """A row whose private key is one of a real Better Auth, or this text."""
    real = REAL["keys"].get(kind, {"publicKey": "{}", "privateKey": kind})
    return JwksRow(name, real["publicKey"], real["privateKey"], f"2025-01-{day:02} 12:00:00+00", alg="EdDSA", **more)


def server(secrets=A, unknown="", pod="web-1"):
    return AuthServer("Deployment/web", pod, "app", secrets, unknown)


def resolved(secrets=A, *servers):
    return ResolvedSecrets(secrets, True, list(servers))


def keys(*rows, secrets=A, storage="encrypted"):
    return evaluate_keys(rows, secrets, storage)


# What the secret A makes of them, newest first; the order of ids is another.
NEW, DAMAGED, PLAIN = row("new", "bare_unicode", 9), row("damaged", "x", 8), row("plain", "unencrypted", 7)
GONE = row("a-gone", "bare_unicode", 6, expires_at=RETIRED, expired=True)
WORKS, ALSO = row("works", "bare", 5), row("also", "envelope", 4)
ALL = (NEW, DAMAGED, PLAIN, GONE, WORKS, ALSO)


class FakeKeys:
    """``backups``: backup id to its rows. ``before_write`` is called before each write, ``after_write`` after it; both may raise.

    ``catalog``: what the catalog says of the table beside its columns. ``ahead``: seconds by which the database's clock is ahead.
    ``exists``: whether there is a backup table, or the columns of another one of that name. ``denied``: privileges that the user does not have.
    """

    where = "The database"

    def __init__(self, rows=ALL, can_retire=True, overdue=(), backups=None, denied=(), exists=True):
        self.rows = list(rows)
        self.columns = (*REQUIRED, *(OPTIONAL if can_retire else ()))
        self.overdue, self.backups, self.denied, self.exists = overdue, backups or {}, denied, exists
        self.written = []
        self.catalog, self.ahead, self.hides_backups = {}, 0, "false"
        self.read_only, self.standby = "off", "false"
        self.before_write = self.after_write = lambda: None

    def run(self, statements, write):
        if not write:
            return [self._answer(one) for one in statements]
        self.written.append(statements)
        self.before_write()
        for one in statements:
            self._do(one)
        self.after_write()
        return []

    def _answer(self, statement):
        sql = statement.sql
        if "has_table_privilege" in sql:
            found = [self._backup_table()]
        elif "json_populate_record" in sql:
            found = [{**_record(one.row), "state": one.state, "newer": one.newer} for one in self.backups[statement.parameters[0]]]
        elif "GROUP BY backup_id" in sql:
            found = [{"backup_id": name} for name in self.backups]
        elif "pg_attribute" in sql:
            found = catalog_rows("jwks", self.columns, **self.catalog)
        elif "clock_timestamp" in sql:
            found = [{"now": str(time.time() + self.ahead)}]
        elif "default_transaction_read_only" in sql:
            found = [{"read_only": self.read_only, "standby": self.standby}]
        elif "make_interval(days" in sql:
            found = [{"id": name} for name in self.overdue]
        else:
            assert "xmin" in sql
            found = [{**_record(one), "version": "7"} for one in self.rows]
        return Result(len(found), found)

    def _backup_table(self):
        words = ["CREATE", "UPDATE", "DELETE", "INSERT", *(f"backup {word}" for word in ("SELECT", "INSERT", "UPDATE", "DELETE"))]
        columns = "backup_id,taken_at,table_name,action,key_id,was,became" if self.exists is True else self.exists or None
        rights = {word: "false" if word in self.denied else "true" for word in words}
        return {"schema": "public", "table": "jwks", "user": "todo", "columns": columns, "hides_rows": self.hides_backups, **rights}

    def _do(self, statement):
        sql, parameters = statement.sql, statement.parameters
        if sql.startswith("WITH gone AS (DELETE"):
            self.rows = [one for one in self.rows if one.id != parameters[2]]
        elif sql.startswith("WITH changed AS (UPDATE"):
            self.rows = [replace(one, expires_at=RETIRED, expired=True) if one.id == parameters[1] else one for one in self.rows]
        elif sql.startswith(('INSERT INTO "jwks"', 'UPDATE "jwks"')):
            self._restore(*parameters)

    def _restore(self, backup, name):
        one = next(one for one in self.backups[backup] if one.row.id == name)
        others = [row for row in self.rows if row.id != name]
        assert (len(others) == len(self.rows)) == (one.state == MISSING)
        self.rows = sorted([*others, one.row], key=lambda row: row.created_at, reverse=True)
        self.backups[backup] = [replace(other, state=UNCHANGED) if other == one else other for other in self.backups[backup]]


def _record(one):
    return {
        "id": one.id, "public_key": one.public_key, "private_key": one.private_key, "created_at": one.created_at,
        "expires_at": one.expires_at, "alg": one.alg, "expired": "true" if one.expired else "false",
    }  # fmt: skip
