# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings that libpq gets, and that this machine's own do not reach it."""

from __future__ import annotations

import os

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.libpq import (
    DEFAULTS,
    connection_parameters,
    own_environment,
    require_system_roots,
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


@pytest.mark.parametrize(("version", "words"), [(150018, "has 15.18"), (130002, "has 13.2")])
def test_the_system_s_authorities_need_a_libpq_that_knows_them(version, words):
    with pytest.raises(RunbookError, match=f"^w requires .*libpq 16; .*{words}. Install psycopg2-binary 2.9.10"):
        require_system_roots({"sslrootcert": "system"}, version, "w")


@pytest.mark.parametrize(("roots", "version"), [("system", 160000), ("/ca.pem", 150018), (None, 130000)])
def test_authorities_that_are_known(roots, version):
    require_system_roots({"sslrootcert": roots}, version, "w")


def test_the_environment_is_hidden_from_libpq_and_restored(monkeypatch):
    monkeypatch.setenv("PGHOST", "wrong")
    monkeypatch.setenv("PGSERVICE", "wrong")
    monkeypatch.setenv("SSL_CERT_FILE", "/mine.pem")
    before = dict(os.environ)
    with own_environment():
        assert not [name for name in os.environ if name.startswith("PG")]
        assert os.environ["SSL_CERT_FILE"] == "/mine.pem"
    assert dict(os.environ) == before
