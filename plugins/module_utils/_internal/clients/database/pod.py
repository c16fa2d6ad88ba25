# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries a database from inside a pod of the application, with the application's own URL and driver.

Statements are sent on standard input, and rows are returned on standard output; the URL does not leave the pod, and the process
arguments contain only the program itself.
"""

from __future__ import annotations

import json

from ...write_guard import WRITES
from ..cluster.client import Cluster
from ..cluster.errors import ApiError, Unreachable
from ..cluster.exec import Execution, execute
from .drivers import PROGRAMS, Program
from .errors import database_error, without_account
from .portable import for_psycopg2
from .statements import (
    CountError,
    DatabaseError,
    Limits,
    Result,
    Statement,
    settings,
)

NO_DRIVER = "no_driver"
OVERHEAD = 15  # seconds for starting the program, in addition to the statements


class PodDatabase:
    """The database of a container. ``variable``: its environment variable with the URL.

    ``schema``: that of the module's option, which a schema in the URL must not contradict.
    """

    def __init__(self, cluster: Cluster, namespace: str, pod: str, container: str, variable: str, schema: str | None, limits: Limits):
        self._cluster = cluster
        self._container = (pod, namespace, container)
        self._variable = variable
        self._schema = schema
        self._limits = limits
        self._programs = list(PROGRAMS)
        self.where = f"The database in {variable} of container {container} of pod {namespace}/{pod}"

    def run(self, statements: list[Statement], write: bool) -> list[Result]:
        """See Database."""
        if write:
            self._find_program()
            WRITES.before_write()
        answer = self._query(statements, write)
        if "results" in answer:
            return [Result(result["count"], result["rows"]) for result in answer["results"]]
        if "wrong_count" in answer:
            index = answer["wrong_count"]["index"]
            raise CountError(index, statements[index].count, answer["wrong_count"]["found"])
        if answer.get("no_url"):
            raise DatabaseError(f"{self.where}: the variable is not set there. Correct the option env.")
        if "refused" in answer:
            raise DatabaseError(f"{self.where}: the variable {answer['refused']}.")
        error = answer["error"]
        raise database_error(error["message"], error["sqlstate"], self.where, write and error["committing"])

    def run_outside_transaction(self, sql: str, timeout: int) -> None:
        """See Database."""
        self._find_program()
        WRITES.before_write()
        answer = self._query([Statement(sql)], write=True, outside_transaction=timeout)
        if "error" in answer:
            error = answer["error"]
            raise database_error(error["message"], error["sqlstate"], self.where, committing=True)
        if "results" not in answer:
            raise DatabaseError(f"{self.where}: the variable {answer.get('refused', 'is not set there')}.")

    def _find_program(self) -> None:
        """Finds the container's program by a transaction without statements, so that a write is sent to one program only."""
        if len(self._programs) > 1:
            self._query([], write=False)

    def _query(self, statements: list[Statement], write: bool, outside_transaction: int = 0) -> dict:
        """The program's answer. ``outside_transaction``: for how many seconds its statement may run then; 0: in a transaction."""
        task = {
            "url_env": self._variable, "schema": self._schema, "connect": self._limits.connect, "autocommit": bool(outside_transaction),
            "settings": [] if outside_transaction else settings(self._limits, write),
            "statements": [
                {"sql": one.sql, "sql_for_psycopg2": for_psycopg2(one.sql), "parameters": list(one.parameters), "count": one.count}
                for one in statements
            ],
        }  # fmt: skip
        missing = []
        for program in self._programs:
            answer = self._run(program, task, write, outside_transaction or len(statements) * self._limits.statement)
            if answer is None:
                missing.append(program.name)
            elif NO_DRIVER in answer:
                missing.append(f"{program.name} with a driver ({answer[NO_DRIVER]})")
            else:
                self._programs = [program]
                return answer
        raise DatabaseError(
            f"{self.where}: the container has no program to query the database with; missing: {', '.join(missing)}. "
            "Name a container with Node.js and pg, or with Python and psycopg2 or psycopg, or use via: port_forward."
        )

    def _run(self, program: Program, task: dict, write: bool, seconds: int) -> dict | None:
        """The program's answer, None where the container has no such program. A lost answer to a write may be that to its commit."""
        stdin = json.dumps({**task, **program.task}).encode() + b"\n"
        timeout = self._limits.connect + seconds + OVERHEAD
        try:
            done = execute(self._cluster, *self._container, program.command, stdin, timeout)
        except ApiError as error:
            raise DatabaseError(f"{self.where}: the command in the container failed: {error}") from error
        except Unreachable as error:
            raise DatabaseError(f"{self.where}: the command in the container failed: {error}", unknown=write) from error
        except TimeoutError as error:
            raise DatabaseError(f"{self.where}: no answer within {timeout} s.", unknown=write) from error
        if done.is_missing and not done.is_cut_off and not write:
            return None
        return self._answer(done, write)

    def _answer(self, done: Execution, write: bool) -> dict:
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise DatabaseError(f"{self.where}: the program in the container {_end(done)}.", unknown=write) from None


def _end(done: Execution) -> str:
    """How a program without an answer ended. Pure."""
    if done.code is None:
        return f"gave no answer: {done.message}"
    output = done.stderr.decode(errors="replace").strip() or "no output"
    return f"ended with code {done.code}: {without_account(output.splitlines()[-1])}"
