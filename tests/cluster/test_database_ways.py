# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ways to the application's database: a forward, and from inside a pod with the node or the python that it has."""

from __future__ import annotations

import pytest
from modules import run_module
from todo_client import TodoClient

pytestmark = pytest.mark.phase("application")
AUTH_SERVERS = [{"workload": "Deployment/frontend"}]
WAYS = {
    "forward": {"secret": "backend-api-secrets", "key": "database-url"},
    "node": {"workload": "Deployment/frontend"},
    "python": {"workload": "Deployment/backend-api"},
}


def test_every_way_finds_the_same_keys(cluster, addresses):
    TodoClient.signed_up(*addresses).token()  # there is a key then
    where = {"kubeconfig": str(cluster.kubeconfig), "context": cluster.profile, "auth_servers": AUTH_SERVERS}
    found = {way: run_module("jwks_info", **where, database=database) for way, database in WAYS.items()}
    assert not any(one["failed"] for one in found.values()), found
    counted = cluster.kubectl("exec", "postgres-0", "--", "psql", "-U", "todo", "-d", "todo", "-Atc", "SELECT count(*) FROM jwks").strip()
    assert {way: len(one["signing_keys"]) for way, one in found.items()} == dict.fromkeys(WAYS, int(counted))
