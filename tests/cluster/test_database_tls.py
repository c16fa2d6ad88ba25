# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""TLS to a database that is reached through a forward: the certificate is checked against the name in the URL, not the forward's."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from modules import run_task

pytestmark = pytest.mark.phase("application")
NAME = "postgres.default.svc"
SECRET = {"secret": "frontend-secrets", "key": "better-auth-secret"}


@dataclass
class Authority:
    """A certificate authority that lives for an hour."""

    name: str

    def __post_init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.signed(self.name, self.key, x509.BasicConstraints(ca=True, path_length=None))

    def signed(self, name: str, key, extension) -> x509.Certificate:
        """A certificate for a key, signed by this authority."""
        now = datetime.now(timezone.utc)
        subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, self.name))
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(hours=1))
        return made.add_extension(extension, critical=True).sign(self.key, hashes.SHA256())

    def file(self, folder: Path) -> Path:
        """Its certificate as a file."""
        place = folder / f"{self.name}.pem"
        place.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return place


@pytest.fixture
def authority(cluster) -> Iterator[Authority]:
    """Sets a certificate for its name inside the cluster on the application's database; removes it again."""
    made, key = Authority("right"), ec.generate_private_key(ec.SECP256R1())
    certificate = made.signed(NAME, key, x509.SubjectAlternativeName([x509.DNSName(NAME)]))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for name, content in (("server.crt", certificate.public_bytes(serialization.Encoding.PEM)), ("server.key", secret)):
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
