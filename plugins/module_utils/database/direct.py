# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database that is reached from here, directly or through a tunnel to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.runbook.minikube.plugins.module_utils.database.address import Address
from ansible_collections.runbook.minikube.plugins.module_utils.database.errors import explained
from ansible_collections.runbook.minikube.plugins.module_utils.database.libpq import connection_parameters, own_environment, require_system_roots
from ansible_collections.runbook.minikube.plugins.module_utils.database.portable import for_psycopg2, named
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import CountError, Limits, Result, Statement, settings
from ansible_collections.runbook.minikube.plugins.module_utils.database.waiting import interruptible
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import DATABASE, lacking

try:
    import psycopg2
    import psycopg2.extensions
except ImportError:
    psycopg2 = None


class Direct:
    """Connects anew for each transaction, so that a connection that broke meanwhile does not matter."""

    def __init__(self, address: Address, limits: Limits, tunnel: tuple[str, int] | None = None, through: str = ""):
        """``tunnel``: (IP address, port) to connect to instead; the certificate is still checked against the real host's name."""
        if psycopg2 is None:
            raise RunbookError(f"{lacking(DATABASE)} Or use via: pod.")
        address.require_complete(tunnelled=tunnel is not None)
        self._parameters = connection_parameters(address.parameters, tunnel)
        require_system_roots(self._parameters, psycopg2.extensions.libpq_version(), address.origin)
        self._limits = limits
        self._schemas = address.schemas
        self.where = f"The {address}{through}"

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """See Database."""
        committing = False
        try:
            with self._connected() as connection:
                cursor = connection.cursor()
                for setting in settings(self._limits, write, self._schemas):
                    cursor.execute(setting)
                results = [_carry_out(cursor, index, statement) for index, statement in enumerate(statements)]
                committing = write
                connection.commit()
                return results
        except (psycopg2.Error, ValueError) as error:  # ValueError: a text that is none in the database's encoding
            # The driver's own error is not told along: it shows the statement, and in it what was to be written.
            raise explained(str(error), getattr(error, "pgcode", None) or "", self.where, committing) from None

    @contextmanager
    def _connected(self) -> Iterator:
        """A connection, which is closed in any case: what was not committed is rolled back by that."""
        with own_environment(), interruptible(self._limits.connect):
            connection = psycopg2.connect(**self._parameters)
        try:
            with interruptible():
                yield connection
        finally:
            connection.close()


def _carry_out(cursor, index: int, statement: Statement) -> Result:
    cursor.execute(for_psycopg2(statement.sql), named(statement.parameters))
    columns = [column.name for column in cursor.description or []]
    found = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()] if columns else []
    if statement.count is not None and cursor.rowcount != statement.count:
        raise CountError(index, statement.count, cursor.rowcount)
    return Result(cursor.rowcount, found)
