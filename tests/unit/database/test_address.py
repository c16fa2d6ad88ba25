# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Database URLs as applications hold them."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.database.address import KNOWN, address_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

BASE = {"host": "db", "port": "5433", "user": "u", "password": "p/w:1", "dbname": "todo"}


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg2"])
def test_schemes_of_drivers(scheme):
    address = address_of(f"{scheme}://u:p%2Fw%3A1@db:5433/todo\n", "w")
    assert address.parameters == BASE
    assert (address.host, address.port, str(address)) == ("db", 5433, "database todo at db:5433")


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("sslmode=require", {"sslmode": "require"}),
        ("sslmode=verify-full&sslrootcert=/ca.pem", {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}),
        ("ssl=true", {"sslmode": "verify-full", "sslrootcert": "system"}),
        ("ssl=false", {}),
        ("ssl=verify-ca", {"sslmode": "verify-ca"}),
        ("sslmode=no-verify", {"sslmode": "require"}),
        ("pgbouncer=true&connection_limit=1&schema=x&application_name=a", {"application_name": "a"}),
    ],
)
def test_parameters_of_drivers(query, parameters):
    assert address_of(f"postgresql://u:p%2Fw%3A1@db:5433/todo?{query}", "w").parameters == {**BASE, **parameters}


def test_libpq_knows_what_is_handed_to_it():
    from psycopg import pq

    assert KNOWN <= {option.keyword.decode() for option in pq.Conninfo.get_defaults()}


def test_what_is_left_out_is_left_to_libpq():
    address = address_of("postgresql:///todo", "w")
    assert address.parameters == {"dbname": "todo"}
    assert (address.host, address.port) == ("", 5432)


@pytest.mark.parametrize(
    "url", ["", "hunter2-planted", "mysql://u:hunter2-planted@db/x", "postgresql://u:hunter2-planted@db:port/x", "postgresql://u:hunter2-planted@a,b/x"]
)
def test_what_is_no_address_is_refused_and_not_shown(url):
    with pytest.raises(RunbookError, match="^w ") as refused:
        address_of(url, "w")
    assert "hunter2" not in str(refused.value)


def test_nothing_is_shown():
    assert "p/w" not in repr(address_of("postgresql://u:p%2Fw@db/todo", "w"))
