# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which way is taken to which database."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database import connect
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.direct import DirectDatabase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.options import DATABASE, DatabaseOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.pod import PodDatabase
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from fake_cluster import FakeCluster


def opened(url, schema=None, cluster=None, **option):
    """What is opened by the option url, and what was hidden."""
    hidden = []
    defaults = {name: entry.get("default") for name, entry in DATABASE["options"].items()}
    options = DatabaseOptions.of({**defaults, "url": url, **option})
    with open_database(lambda: cluster or FakeCluster(), "default", options, schema, hidden.extend) as database:
        return database, hidden


def of_secret(url):
    """The options for a URL in a Secret."""
    cluster = FakeCluster()
    cluster.put("Secret", "app", {"data": {"url": base64.b64encode(url.encode()).decode()}})
    return {"url": None, "cluster": cluster, "secret": "app", "key": "url"}


@pytest.mark.parametrize("host", ["localhost:5432", "127.0.0.1", "[::1]", "%2Fvar%2Frun%2Fpostgresql", ""])
@pytest.mark.parametrize("via", [None, "port_forward"])
def test_this_machine_s_database_is_not_meant(host, via):
    url = f"postgresql://u:hunter2@{host}/x"
    with pytest.raises(RunbookError, match="^database.url names .*workload: Deployment/NAME.*via: direct") as refused:
        opened(url, via=via)
    assert "hunter2" not in str(refused.value)


def test_a_secret_s_localhost_is_not_this_machine():
    with pytest.raises(RunbookError, match="^Secret default/app, key url, names localhost, .*workload: Deployment/NAME.*via: direct") as refused:
        opened(**of_secret("postgresql://u:hunter2@localhost/x"))
    assert "hunter2" not in str(refused.value)
    database, hidden = opened(**of_secret("postgresql://u:hunter2@localhost/x"), via="direct")
    assert isinstance(database, DirectDatabase) and "hunter2" in hidden


def test_unless_the_user_allows_it():
    database, hidden = opened("postgresql://u:hunter2@localhost/x", via="direct")
    assert isinstance(database, DirectDatabase) and "hunter2" in hidden


def test_nothing_is_filled_in_even_then():
    with pytest.raises(RunbookError, match="^database.url names no host. Defaults of this machine are not used"):
        opened("postgresql://u:p@/x", via="direct")


@pytest.mark.parametrize("via", [None, "direct"])
def test_an_empty_url_is_not_looked_for_elsewhere(via):
    with pytest.raises(RunbookError, match="^database.url is empty"):
        opened("", via=via)


def test_a_parameter_that_this_libpq_does_not_know(monkeypatch):
    monkeypatch.setattr("psycopg2.extensions.libpq_version", lambda: 160004)
    with pytest.raises(RunbookError, match="^database.url has the parameter sslnegotiation, which needs libpq 17; .* 16.4. Install psycopg2-binary 2.9.11"):
        opened("postgresql://u:p@10.0.0.1/x?sslmode=require&sslnegotiation=direct")


def test_an_address_elsewhere():
    database, _hidden = opened("postgresql://u:p@10.0.0.1/x")
    assert isinstance(database, DirectDatabase) and database.where == "The database x at 10.0.0.1:5432"


@pytest.mark.parametrize("option", [{"via": None}, {"via": "direct"}])
def test_a_schema_that_contradicts(option):
    with pytest.raises(RunbookError, match="^schema: the option is public, but the URL has auth"):
        opened("postgresql://u:p@10.0.0.1/x?schema=auth", schema="public", **option)


def test_a_workload_s_own_localhost(monkeypatch):
    monkeypatch.setattr(connect, "_pod_database", lambda _cluster, _namespace, options, schema: PodDatabase(None, "n", "p", "c", "URL", schema, options.limits))
    database, _hidden = opened(None, workload="Deployment/web")
    assert isinstance(database, PodDatabase)
