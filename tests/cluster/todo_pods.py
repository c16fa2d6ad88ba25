# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inside of the todo application: its database, and scripts in its pods."""

from __future__ import annotations

import time

PATIENCE = 180  # seconds until an event has to be in audit_log


def sql(cluster, query: str) -> list[list[str]]:
    """The rows of a query, as text."""
    output = cluster.kubectl("exec", "statefulset/postgres", "--", "psql", "-h", "/var/run/postgresql", "-U", "todo", "-At", "-F", "|", "-c", query)
    return [line.split("|") for line in output.splitlines()]


def in_pod(cluster, workload: str, script: str, interpreter: str = "python3") -> str:
    """What a script prints in a workload's own container."""
    return cluster.kubectl("exec", "-i", workload, "-c", workload.partition("/")[2], "--", interpreter, "-", stdin=script).strip()


def audit_rows(cluster, title: str) -> list[list[str]]:
    """[event_type, task_id] of the rows about a task."""
    return sql(cluster, f"SELECT event_type, task_id FROM audit_log WHERE details->>'title' = '{title}'")


def wait_for_audit_row(cluster, title: str) -> list[list[str]]:
    """The audit rows of a task, once there is one; and a moment later, so that a second one would be found."""
    deadline = time.monotonic() + PATIENCE
    while not audit_rows(cluster, title):
        assert time.monotonic() < deadline, f"no audit row for {title} after {PATIENCE} s"
        time.sleep(1)
    time.sleep(3)
    return audit_rows(cluster, title)
