# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""TLS to a database that is reached through a forward: the certificate is checked against the name in the URL, not the forward's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from certificates import Authority
from modules import run_task

pytestmark = pytest.mark.phase("application")
NAME = "postgres.default.svc"
SECRET = {"secret": "frontend-secrets", "key": "better-auth-secret"}


@pytest.fixture
def authority(cluster) -> Iterator[Authority]:
    """Sets a certificate for its name inside the cluster on the application's database; removes it again."""
    made = Authority("right")
    for name, content in zip(("server.crt", "server.key"), made.issue(NAME)):
        place = f"/var/lib/postgresql/data/pgdata/{name}"
        cluster.kubectl("exec", "-i", "postgres-0", "--", "sh", "-c", f"umask 077 && cat > {place}", stdin=content.decode())
    switch(cluster, "SET ssl = on")
    yield made
    switch(cluster, "RESET ssl")


def switch(cluster, what: str) -> None:
    for sql in (f"ALTER SYSTEM {what}", "SELECT pg_reload_conf()"):
        cluster.kubectl("exec", "postgres-0", "--", "psql", "-U", "todo", "-d", "todo", "-qc", sql)


def keys_info(cluster, host: str, query: str) -> dict:
    """The module jwks_info by a URL with that host and that query."""
    data = json.loads(cluster.kubectl("get", "secret", "postgres-secrets", "-o", "json"))["data"]
    password = base64.b64decode(data["password"]).decode()
    url = f"postgresql://todo:{quote(password)}@{host}:5432/todo?{query}"
    found = run_task(
        "jwks_info", "-vvvv", kubeconfig=str(cluster.kubeconfig), context=cluster.profile, secret=SECRET, database={"url": url, "via": "port_forward"}
    )
    assert password not in json.dumps(found)
    return found


def test_the_certificate_is_checked_against_the_database_s_own_name(cluster, authority, tmp_path):
    found = keys_info(cluster, NAME, f"sslmode=verify-full&sslrootcert={authority.file(tmp_path)}")
    assert not found["failed"], found
    foreign = keys_info(cluster, NAME, f"sslmode=verify-full&sslrootcert={Authority('foreign').file(tmp_path)}")
    assert foreign["failed"] and "certificate verify failed" in foreign["msg"], foreign
    other = keys_info(cluster, "postgres", f"sslmode=verify-full&sslrootcert={authority.file(tmp_path)}")
    assert other["failed"] and f'server certificate for "{NAME}" does not match host name "postgres"' in other["msg"], other


def test_a_database_without_tls_is_refused_where_the_url_requires_it(cluster):
    found = keys_info(cluster, NAME, "sslmode=require")
    assert found["failed"] and "server does not support SSL" in found["msg"], found
