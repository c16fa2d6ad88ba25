# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes keys out of use: observe, plan, apply, verify."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from ansible_collections.runbook.minikube.plugins.module_utils.auth.attempts import attempted, read_again, write
from ansible_collections.runbook.minikube.plugins.module_utils.auth.backup import Store, lock, make, prune, store_of
from ansible_collections.runbook.minikube.plugins.module_utils.auth.cleanup_plan import chosen, still_in_use, without
from ansible_collections.runbook.minikube.plugins.module_utils.auth.cleanup_statements import take_out_of_use
from ansible_collections.runbook.minikube.plugins.module_utils.auth.keys import Key, keys_of
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import Given
from ansible_collections.runbook.minikube.plugins.module_utils.auth.outcome import Outcome
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import Names, Table, read_table
from ansible_collections.runbook.minikube.plugins.module_utils.auth.trust import require_trust
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import EXPIRED, RETIRE, UNREADABLE_ONES, Wish, action_of
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import Database, Statement, require_writable, rows
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError


@dataclass(frozen=True)
class Plan:
    """The keys that go and how, out of the table as it was read."""

    table: Table
    store: Store
    keys: list[Key]
    action: str
    going: list[Key]

    @property
    def ids(self) -> set[str]:
        """The ids of the keys that go."""
        return {key.row.id for key in self.going}

    def statements(self, backup_id: str, keep_backups: int) -> list[Statement]:
        """One transaction. The keys go in the order of their ids, so that two runs never wait for each other."""
        ordered = sorted((key.row for key in self.going), key=lambda row: row.id)
        taken = [one for row in ordered for one in take_out_of_use(self.table, self.store, row, self.action, backup_id)]
        return [lock(self.store), *make(self.store), *taken, prune(self.store, keep_backups)]


def clean_up(database: Database, names: Names, given: Given, stores: str, wish: Wish, check: bool) -> Outcome:
    """Raises RunbookError. ``stores``: how the application stores private keys. With ``check`` nothing is changed."""
    return attempted(lambda: _once(database, names, given, stores, wish, check), names.relation)


def _once(database: Database, names: Names, given: Given, stores: str, wish: Wish, check: bool) -> Outcome:
    plan = _plan(database, names, given, stores, wish)
    left = keys_of(without(plan.table.rows, plan.ids, plan.action), given.secrets, stores)
    ids = tuple(key.row.id for key in plan.going)
    done = {"retired": ids} if plan.action == RETIRE else {"removed": ids}
    foretold = Outcome(plan.keys, left, given, plan.store.name, **done)
    if not plan.going:
        return foretold
    if wish.selection == UNREADABLE_ONES:
        require_trust(given, plan.keys, wish.force)
    plan.store.require(f"{'UPDATE' if plan.action == RETIRE else 'DELETE'} on {plan.store.keys}", *plan.store.rights_to_keep())
    require_writable(database)
    if check:
        return foretold
    backup_id = secrets.token_hex(8)
    kept = f"backup {backup_id} in {plan.store.name}"
    write(database, plan.statements(backup_id, wish.keep_backups), kept)
    return replace(foretold, after=_verified(database, plan, given, stores, kept), backup_id=backup_id)


def _plan(database: Database, names: Names, given: Given, stores: str, wish: Wish) -> Plan:
    table = read_table(database, names)
    action = action_of(wish, table.can_retire)
    keys = keys_of(table.rows, given.secrets, stores)
    overdue = _overdue(database, names, wish.grace_period) if wish.selection == EXPIRED else frozenset()
    return Plan(table, store_of(database, names, wish.backup_table), keys, action, chosen(keys, wish, action, overdue))


def _overdue(database: Database, names: Names, days: int) -> frozenset[str]:
    """Ids of the keys that expired so long ago that the application no longer serves their public part."""
    over = f"{names.sql('expiresAt')} + make_interval(days => $1::text::int) <= now()"
    sql = f"SELECT {names.sql('id')}::text AS id FROM {names.relation} WHERE {over}"
    return frozenset(row["id"] for row in rows(database, sql, str(days)))


def _verified(database: Database, plan: Plan, given: Given, stores: str, kept: str) -> list[Key]:
    """The keys as they stand now. Raises RunbookError where one that was taken out of use is in use."""
    now = read_again(lambda: read_table(database, plan.table.names).rows, kept)
    back = still_in_use(now, plan.ids, plan.action)
    if back:
        raise RunbookError(
            f"The keys {', '.join(back)} were taken out of use ({kept}), and somebody has put them back. "
            "Find out who writes the table, and run again."
        )
    return keys_of(now, given.secrets, stores)
