# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database that is reached from inside a pod of the application, with the application's own URL and driver.

The statements go in on standard input and the rows come out; the URL does not leave the pod, and nothing stands in process
arguments but the program itself.
"""

from __future__ import annotations

import json

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.exec import Execution, execute
from ansible_collections.runbook.minikube.plugins.module_utils.database.drivers import COMMANDS
from ansible_collections.runbook.minikube.plugins.module_utils.database.errors import explained
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import (
    CountError, DatabaseError, Limits, Result, Statement, settings,
)

NO_DRIVER = "no_driver"
GRACE = 15  # seconds that the program and the connection may take beside the statements


class Pod:
    """A container of the application as the way to its database. ``variable``: which environment variable holds the URL there."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str, container: str, variable: str, limits: Limits):
        self._cluster = cluster
        self._place = (pod, namespace, container)
        self._variable = variable
        self._limits = limits
        self._commands = list(COMMANDS)
        self.where = f"The database that container {container} of pod {namespace}/{pod} has in {variable}"

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """See Database."""
        told = self._ask(statements, write)
        if "results" in told:
            return [Result(result["count"], result["rows"]) for result in told["results"]]
        if "wrong_count" in told:
            index = told["wrong_count"]["index"]
            raise CountError(index, statements[index].count, told["wrong_count"]["found"])
        if told.get("no_url"):
            raise DatabaseError(f"{self.where}: the variable is not set there. Correct the option env.")
        raise explained(told["error"]["message"], told["error"]["sqlstate"], self.where)

    def _ask(self, statements: list[Statement], write: bool) -> dict:
        task = {
            "url_env": self._variable, "connect": self._limits.connect, "settings": settings(self._limits, write),
            "statements": [{"sql": one.sql, "parameters": list(one.parameters), "count": one.count} for one in statements],
        }  # fmt: skip
        lacking = []
        for command in self._commands:
            told = self._run(command, json.dumps(task).encode() + b"\n", len(statements))
            if told is None:
                lacking.append(command[0])
            elif NO_DRIVER in told:
                lacking.append(f"{command[0]} with a driver ({told[NO_DRIVER]})")
            else:
                self._commands = [command]
                return told
        raise DatabaseError(
            f"{self.where}: the container has nothing to ask the database with; it lacks {', '.join(lacking)}. "
            "Name a container with Node.js and pg, or with Python and psycopg2, or use via: port_forward."
        )

    def _run(self, command: list[str], stdin: bytes, number: int) -> dict | None:
        """The program's answer, None where the container has no such program."""
        timeout = self._limits.connect + number * self._limits.statement + GRACE
        try:
            done = execute(self._cluster, *self._place, command, stdin, timeout)
        except (ApiError, Unreachable) as error:
            raise DatabaseError(f"{self.where}: the container can't be asked: {error}") from error
        except TimeoutError as error:
            raise DatabaseError(f"{self.where}: no answer within {timeout} s.") from error
        return None if done.is_missing else self._answer(done)

    def _answer(self, done: Execution) -> dict:
        try:
            return json.loads(done.stdout)
        except ValueError:
            last = (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise DatabaseError(f"{self.where}: the program in the container ended with code {done.code}: {last}") from None
