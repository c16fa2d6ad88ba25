# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database that is reached from here, directly or through a tunnel to it."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.database.address import Address
from ansible_collections.runbook.minikube.plugins.module_utils.database.errors import explained
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import CountError, Limits, Result, Statement, settings
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

try:
    import psycopg
    from psycopg import RawCursor
    from psycopg.rows import dict_row
except ImportError:
    psycopg = None


class Direct:
    """Connects anew for each transaction, so that a connection that broke meanwhile does not matter."""

    def __init__(self, address: Address, limits: Limits, tunnel: tuple[str, int] | None = None, through: str = ""):
        """``tunnel``: (IP address, port) to connect to instead; the certificate is still checked against the real host's name."""
        if psycopg is None:
            raise RunbookError('The Python library psycopg is missing. Install it: pip install "psycopg[binary]", or use via: pod.')
        self._limits = limits
        self._parameters = {**address.parameters, "connect_timeout": str(limits.connect), "application_name": "runbook.minikube"}
        if tunnel:
            self._parameters.update(hostaddr=tunnel[0], port=str(tunnel[1]))
        self.where = f"The {address}{through}"

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """See Database."""
        try:
            with psycopg.connect(**self._parameters, cursor_factory=RawCursor, row_factory=dict_row) as connection:
                for setting in settings(self._limits, write):
                    connection.execute(setting)
                return [_carry_out(connection, index, statement) for index, statement in enumerate(statements)]
        except psycopg.Error as error:
            raise explained(str(error), error.sqlstate or "", self.where) from error


def _carry_out(connection, index: int, statement: Statement) -> Result:
    """One statement. What is raised here rolls the transaction back, as the connection's ``with`` block ends by it."""
    cursor = connection.execute(statement.sql, statement.parameters)
    found = cursor.fetchall() if cursor.description else []
    if statement.count is not None and cursor.rowcount != statement.count:
        raise CountError(index, statement.count, cursor.rowcount)
    return Result(cursor.rowcount, found)
