# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings that libpq gets, and that this machine's own do not reach it."""

from __future__ import annotations

import os

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.libpq import (
    DEFAULTS,
    NO_FILE,
    connection_parameters,
    own_environment,
    require_supported,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

URL = {"host": "db", "port": "5433", "user": "u", "dbname": "x", "keepalives_idle": "7"}


def test_the_url_counts_before_the_defaults():
    made = connection_parameters(URL, None)
    assert (made["keepalives_idle"], made["keepalives"], made["port"], made["client_encoding"]) == ("7", "1", "5433", "UTF8")
    assert "hostaddr" not in made and set(DEFAULTS) <= set(made)


def test_a_tunnel_leaves_the_host_s_name_for_the_certificate():
    made = connection_parameters({**URL, "hostaddr": "10.0.0.1"}, ("127.0.0.1", 4000))
    assert (made["host"], made["hostaddr"], made["port"]) == ("db", "127.0.0.1", "4000")


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_without_an_authority_in_the_url_the_system_s_are_used_and_no_file_of_this_user(mode):
    made = connection_parameters({**URL, "sslmode": mode}, None)
    assert (made["sslmode"], made["sslrootcert"]) == ("verify-full", "system")
    made = connection_parameters({**URL, "sslmode": mode, "sslrootcert": "/ca.pem"}, None)
    assert (made["sslmode"], made["sslrootcert"]) == (mode, "/ca.pem")
    made = connection_parameters({**URL, "sslmode": "require"}, None)
    assert made["sslmode"] == "require" and made["sslrootcert"] == made["sslcert"] == made["sslcrl"] == NO_FILE


@pytest.mark.parametrize(
    ("parameters", "version", "words"),
    [
        ({"sslrootcert": "system"}, 150018, "requires the system's certificate authorities .*, which needs libpq 16; .* has version 15.18"),
        ({"sslrootcert": "system"}, 130002, ".* needs libpq 16; .* has version 13.2"),
        ({"sslnegotiation": "direct"}, 160004, "has the parameter sslnegotiation, which needs libpq 17; .* has version 16.4"),
        ({"require_auth": "scram-sha-256"}, 150000, "has the parameter require_auth, which needs libpq 16"),
    ],
)
def test_a_parameter_needs_a_libpq_that_knows_it(parameters, version, words):
    with pytest.raises(RunbookError, match=f"^w {words}.* Install psycopg2-binary 2.9.11 or later"):
        require_supported({**URL, **parameters}, version, "w")


@pytest.mark.parametrize(
    ("parameters", "version"),
    [({"sslrootcert": "system"}, 160000), ({"sslrootcert": "/ca.pem"}, 150018), ({}, 130000), ({"sslnegotiation": "direct"}, 170000)],
)
def test_parameters_that_it_knows(parameters, version):
    require_supported({**URL, **parameters}, version, "w")


def test_the_environment_is_hidden_from_libpq_and_restored(monkeypatch):
    monkeypatch.setenv("PGHOST", "wrong")
    monkeypatch.setenv("PGSERVICE", "wrong")
    monkeypatch.setenv("SSL_CERT_FILE", "/mine.pem")
    before = dict(os.environ)
    with own_environment():
        assert not [name for name in os.environ if name.startswith("PG")]
        assert os.environ["SSL_CERT_FILE"] == "/mine.pem"
    assert dict(os.environ) == before
