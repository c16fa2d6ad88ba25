# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database that is reached from inside a pod of the application, with the application's own URL and driver.

The statements go in on standard input and the rows come out; the URL does not leave the pod, and nothing stands in process
arguments but the program itself.
"""

from __future__ import annotations

import json

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.exec import Execution, execute
from ansible_collections.runbook.minikube.plugins.module_utils.database.drivers import PROGRAMS, Program
from ansible_collections.runbook.minikube.plugins.module_utils.database.errors import explained, without_account
from ansible_collections.runbook.minikube.plugins.module_utils.database.portable import for_psycopg2
from ansible_collections.runbook.minikube.plugins.module_utils.database.statements import (
    CountError,
    DatabaseError,
    Limits,
    Result,
    Statement,
    settings,
)

NO_DRIVER = "no_driver"
GRACE = 15  # seconds that the program and the connection may take beside the statements


class Pod:
    """A container of the application as the way to its database. ``variable``: which environment variable holds the URL there.

    ``schema``: the one that the module's option names, which a schema in the URL must not contradict.
    """

    def __init__(self, cluster: Cluster, namespace: str, pod: str, container: str, variable: str, schema: str | None, limits: Limits):
        self._cluster = cluster
        self._place = (pod, namespace, container)
        self._variable = variable
        self._schema = schema
        self._limits = limits
        self._programs = list(PROGRAMS)
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
        if "refused" in told:
            raise DatabaseError(f"{self.where}: the variable {told['refused']}.")
        raise explained(told["error"]["message"], told["error"]["sqlstate"], self.where, write and told["error"]["committing"])

    def _ask(self, statements: list[Statement], write: bool) -> dict:
        task = {
            "url_env": self._variable, "schema": self._schema, "connect": self._limits.connect, "settings": settings(self._limits, write),
            "statements": [
                {"sql": one.sql, "sql_for_psycopg2": for_psycopg2(one.sql), "parameters": list(one.parameters), "count": one.count}
                for one in statements
            ],
        }  # fmt: skip
        lacking = []
        for program in self._programs:
            told = self._run(program, task, write)
            if told is None:
                lacking.append(program.name)
            elif NO_DRIVER in told:
                lacking.append(f"{program.name} with a driver ({told[NO_DRIVER]})")
            else:
                self._programs = [program]
                return told
        raise DatabaseError(
            f"{self.where}: the container has nothing to ask the database with; it lacks {', '.join(lacking)}. "
            "Name a container with Node.js and pg, or with Python and psycopg2, or use via: port_forward."
        )

    def _run(self, program: Program, task: dict, write: bool) -> dict | None:
        """The program's answer, None where the container has no such program. An answer that is lost may be that to a commit."""
        stdin = json.dumps({**task, **program.more}).encode() + b"\n"
        timeout = self._limits.connect + len(task["statements"]) * self._limits.statement + GRACE
        try:
            done = execute(self._cluster, *self._place, program.command, stdin, timeout)
        except ApiError as error:
            raise DatabaseError(f"{self.where}: the container can't be asked: {error}") from error
        except Unreachable as error:
            raise DatabaseError(f"{self.where}: the container can't be asked: {error}", unknown=write) from error
        except TimeoutError as error:
            raise DatabaseError(f"{self.where}: no answer within {timeout} s.", unknown=write) from error
        return None if done.is_missing and not done.is_cut_off else self._answer(done, write)

    def _answer(self, done: Execution, write: bool) -> dict:
        try:
            return json.loads(done.stdout)
        except ValueError:
            last = done.message if done.is_cut_off else (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise DatabaseError(
                f"{self.where}: the program in the container ended with code {done.code}: {without_account(last)}", unknown=write
            ) from None
