# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates, reads and writes Dapr's trust bundle."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dapr_faults.cluster_state import get, patch
from harness import TestCluster

BUNDLE = "dapr-trust-bundle"
ROOT, ISSUER, KEY = "ca.crt", "issuer.crt", "issuer.key"
Bundle = dict[str, str]  # file name: PEM


def read(cluster: TestCluster) -> Bundle:
    """The bundle in the Secret."""
    data = get(cluster, "secret", BUNDLE)["data"]
    return {name: base64.b64decode(data[name]).decode() for name in (ROOT, ISSUER, KEY)}


def write(cluster: TestCluster, bundle: Bundle) -> None:
    """Writes the bundle into both its places."""
    # A changed Secret makes Sentry read both again, and make a new CA where they differ: the ConfigMap first.
    write_root(cluster, bundle[ROOT])
    patch(cluster, "secret", BUNDLE, {"data": {name: base64.b64encode(pem.encode()).decode() for name, pem in bundle.items()}})


def write_root(cluster: TestCluster, pem: str) -> None:
    """Writes the root certificate into the ConfigMap only."""
    patch(cluster, "configmap", BUNDLE, {"data": {ROOT: pem}})


def root_in_configmap(cluster: TestCluster) -> str:
    return get(cluster, "configmap", BUNDLE)["data"][ROOT]


def create(like: Bundle, end: datetime | None = None, days: int = 365) -> Bundle:
    """A new root and issuer with the names of those in ``like``, valid for some days until ``end``."""
    until = end or datetime.now(UTC) + timedelta(days=days)
    since = until - timedelta(days=days, minutes=15)
    root_key, issuer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    former_root, former_issuer = (x509.load_pem_x509_certificate(like[name].encode()) for name in (ROOT, ISSUER))
    root = _authority(former_root, root_key, former_root.subject, root_key, since, until)
    issuer = _authority(former_issuer, issuer_key, former_root.subject, root_key, since, until)
    key = issuer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {ROOT: root.public_bytes(Encoding.PEM).decode(), ISSUER: issuer.public_bytes(Encoding.PEM).decode(), KEY: key.decode()}


def _authority(
    like: x509.Certificate, key: ec.EllipticCurvePrivateKey, by: x509.Name, signs: ec.EllipticCurvePrivateKey, since: datetime, until: datetime,
) -> x509.Certificate:
    """A certificate of ``key`` with the subject, key usage and further names of another, signed by ``signs``."""
    builder = x509.CertificateBuilder().subject_name(like.subject).issuer_name(by).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
    for extension in like.extensions:
        if isinstance(extension.value, (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName)):
            builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signs.public_key()), critical=False)
    return builder.sign(signs, hashes.SHA256())
