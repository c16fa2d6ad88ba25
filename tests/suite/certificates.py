# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates for servers of the tests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """A certificate authority that lives for an hour."""

    def __init__(self, name: str):
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._signed(name, self._key, x509.BasicConstraints(ca=True, path_length=None))

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """A certificate for a DNS name and its private key, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(name, key, x509.SubjectAlternativeName([x509.DNSName(name)]))
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return certificate.public_bytes(serialization.Encoding.PEM), secret

    def file(self, folder: Path) -> Path:
        """Its own certificate as a file."""
        place = folder / f"{self.name}.pem"
        place.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        return place

    def _signed(self, name: str, key, extension) -> x509.Certificate:
        now = datetime.now(timezone.utc)
        subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, self.name))
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(minutes=5)).not_valid_after(now + timedelta(hours=1))
        return builder.add_extension(extension, critical=True).sign(self._key, hashes.SHA256())
