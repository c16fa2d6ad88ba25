# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An event through all of Dapr: backend-api publishes it, its sidecar and the broker deliver it, audit-service writes it."""

from __future__ import annotations

import time
import uuid

from dapr_faults.cluster_state import eventually
from harness import TestCluster
from todo_client import TodoClient

PATIENCE = 180  # seconds until the event has to be written
AFTER = 3  # seconds in which a second row would come


def audit_rows(cluster: TestCluster, title: str) -> list[str]:
    """The event IDs of the audit rows about a task."""
    query = f"SELECT details->>'event_id' FROM audit_log WHERE event_type = 'task.created' AND details->>'title' = '{title}'"
    command = ("exec", "statefulset/postgres", "--", "psql", "-h", "/var/run/postgresql", "-U", "todo", "-At", "-c", query)
    return cluster.kubectl(*command).splitlines()


def publish_arrives(cluster: TestCluster, addresses: tuple[str, str], user: TodoClient | None = None) -> str:
    """Adds a task, asserts that its event is written exactly once, and returns the event's ID."""
    user = user or TodoClient.signed_up(*addresses)
    title = f"published {uuid.uuid4().hex[:12]}"
    user.add_task(title)

    def check() -> None:
        assert audit_rows(cluster, title), f"no audit row for {title!r} after {PATIENCE} s"

    eventually(check, PATIENCE)
    time.sleep(AFTER)
    rows = audit_rows(cluster, title)
    assert len(rows) == 1 and rows[0], f"{title!r} was to be written once, with its event's ID: {rows}"
    return rows[0]
