# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A PostgreSQL and a PgBouncer of these tests' own, on loopback, in a temporary folder, ended with the tests."""

from __future__ import annotations

from collections.abc import Iterator

import collection
import pytest
import recorder
from certificates import Authority
from servers import Pooler, Server, Standby, programs


def pytest_configure(config):
    collection.make_importable()
    recorder.register(config)


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Who signed the server's certificate."""
    return Authority("right")


@pytest.fixture(scope="session")
def server(authority) -> Iterator[Server]:
    """A PostgreSQL that speaks TLS, as ``db.test``, and plain too."""
    with Server(programs(), authority) as running:
        yield running


@pytest.fixture(scope="session")
def pooler(server) -> Iterator[Pooler]:
    """A PgBouncer before it, in transaction mode."""
    with Pooler(programs(), server) as running:
        yield running


@pytest.fixture(scope="session")
def standby(server, authority) -> Iterator[Standby]:
    """A hot standby of it."""
    with Standby(programs(), authority, server) as running:
        yield running


@pytest.fixture
def database(server) -> Iterator[str]:
    """The name of an empty database, gone after the test."""
    with server.database() as name:
        yield name
