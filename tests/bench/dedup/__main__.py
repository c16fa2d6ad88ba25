# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares event_dedup with the best single SQL statement and CREATE UNIQUE INDEX CONCURRENTLY, in one run; see ../README.md."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from contextlib import closing
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / folder) for folder in ("postgres", "cluster", "unit", "suite")]

import collection  # noqa: E402  which needs the folders
import psycopg2  # noqa: E402
from figures import Aim, Figures, table  # noqa: E402

collection.make_importable()

from certificates import Authority  # noqa: E402
from event_tables import AUDIT_LOG, dedup  # noqa: E402
from servers import Server, programs  # noqa: E402

OURS, SQL, WITHOUT = "event_dedup", "one statement", "one statement, no archive"
ENDED, WRITER = "command ended", "longest wait of a writer"
OUTPUT = TESTS / "output"
FILL = (
    "INSERT INTO audit_log SELECT n, 'task.created', timestamptz '2025-01-01' + n * interval '1 second', jsonb_build_object('event_id', "
    "md5((CASE WHEN n % 100 < {percent} THEN n - n % 100 + 50 + n % 50 ELSE n END)::text), 'title', 'a task of some length', 'user', 'u-1') "
    "FROM generate_series(1, {rows}) AS n"
)
RANKED = (
    "SELECT ctid, row_number() OVER (PARTITION BY details->>'event_id' ORDER BY timestamp, id) AS position FROM audit_log "
    "WHERE details->>'event_id' IS NOT NULL"
)
DELETE = f"DELETE FROM audit_log AS d USING ({RANKED}) AS r WHERE d.ctid = r.ctid AND r.position > 1"
INDEX = "CREATE UNIQUE INDEX CONCURRENTLY uq ON audit_log ((details->>'event_id')) WHERE details->>'event_id' IS NOT NULL"
ARCHIVE = "CREATE TABLE archive (removed_at timestamptz, content json)"


class Writer:
    """An application that inserts events and updates rows, which may be duplicates, all the time, in a process of its own."""

    def __init__(self, server: Server, database: str, rows: int):
        context = multiprocessing.get_context("fork")
        self._ended, self._answer = context.Event(), context.SimpleQueue()
        self._process = context.Process(target=write, args=(server, database, rows, self._ended, self._answer), daemon=True)
        self.longest, self.writes = 0.0, 0

    def __enter__(self) -> Writer:
        self._process.start()
        return self

    def __exit__(self, *_error) -> None:
        self._ended.set()
        self.longest, self.writes = self._answer.get()
        self._process.join()


def write(server: Server, database: str, rows: int, ended, answer) -> None:
    """Answers with the longest time of a statement in seconds, and the number of rounds."""
    longest, writes = 0.0, 0
    with closing(server.connect(database)) as connection, closing(connection.cursor()) as cursor:
        while not ended.is_set():
            number = rows + 1 + writes
            for statement in (
                f"INSERT INTO audit_log VALUES ({number}, 'task.created', now(), '{{\"event_id\": \"new-{number}\"}}')",
                f"UPDATE audit_log SET event_type = event_type WHERE id = {1 + writes * 97 % rows}",
            ):
                began = time.monotonic()
                cursor.execute(statement)
                longest = max(longest, time.monotonic() - began)
            writes += 1
    answer.put((longest, writes))


def by_sql(server: Server, database: str, statement: str) -> None:
    """What somebody types who knows PostgreSQL well."""
    server.sql(database, ARCHIVE, statement, INDEX)


WAYS = {
    OURS: lambda server, database: dedup(server, database, statement_timeout=600),
    SQL: lambda server, database: by_sql(
        server, database, f"WITH gone AS ({DELETE} RETURNING d.*) INSERT INTO archive SELECT now(), row_to_json(gone) FROM gone"
    ),
    WITHOUT: lambda server, database: by_sql(server, database, DELETE),
}


def measure(server: Server, way: str, options, figures: Figures) -> None:
    """One round of one way, on a table of its own, without and with a writer."""
    for case in (ENDED, WRITER):
        with server.database() as database:
            server.sql(database, AUDIT_LOG, FILL.format(rows=options.events, percent=options.percent), "VACUUM ANALYZE audit_log", "CHECKPOINT")
            outcome = end_of(server, database, way) if case == ENDED else beside_a_writer(server, database, way, options)
            figures.add(case, way, outcome[0])
            left = server.sql(database, "SELECT count(*) FROM (SELECT 1 FROM audit_log GROUP BY details->>'event_id' HAVING count(*) > 1) AS d")[0][0]
            print(f"{case}, {way}: {outcome[0]:.2f} s{outcome[1]}; duplicates left: {left}", flush=True)


def end_of(server: Server, database: str, way: str) -> tuple[float, str]:
    """How long it took, and why it failed, "" where it did not."""
    began, problem = time.monotonic(), ""
    try:
        result = WAYS[way](server, database)
        problem = f", failed: {result['msg']}" if result and result["failed"] else ""
    except psycopg2.Error as error:
        problem = f", failed: {str(error).splitlines()[0]}"
    return time.monotonic() - began, problem


def beside_a_writer(server: Server, database: str, way: str, options) -> tuple[float, str]:
    """The longest wait of the writer, and why the way failed."""
    with Writer(server, database, options.events) as writer:
        _seconds, problem = end_of(server, database, way)
    return writer.longest, f" in {2 * writer.writes} statements{problem}"


def main() -> None:
    """Measures, prints, and writes tests/output/bench_dedup.json."""
    cli = argparse.ArgumentParser(prog="tests/bench/dedup")
    cli.add_argument("--events", type=int, default=1_000_000)
    cli.add_argument("--percent", type=int, default=5, help="duplicates, at most 50")
    cli.add_argument("--rounds", type=int, default=3)
    options, figures = cli.parse_args(), Figures()
    aim = Aim(ENDED, OURS, SQL, 1.3)
    with Server(programs(), Authority("right")) as server:
        for _round in range(options.rounds):
            for way in WAYS:
                measure(server, way, options, figures)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(table(figures, (OURS,)))
    print(aim.verdict(figures), f"highest memory of this process: {memory} MB")
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / "bench_dedup.json").write_text(json.dumps({**figures.to_dict(), "aims": [aim.verdict(figures)], "memory_mb": memory}, indent=2))


if __name__ == "__main__":
    main()
