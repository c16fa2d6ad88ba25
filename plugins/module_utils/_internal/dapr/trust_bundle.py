# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dapr's trust bundle: the Secret that Sentry signs with, and the ConfigMap with the anchors that all components trust. Pure.

Sentry silently creates a new certificate authority when it starts and a key is missing or the two differ
(pkg/sentry/server/ca/kube.go of Dapr 1.16). Every sidecar keeps the anchors from the time of its creation.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import RunbookError
from ..libraries import missing_message

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    CRYPTOGRAPHY_MISSING = False
except ImportError:
    InvalidSignature = ValueError
    CRYPTOGRAPHY_MISSING = True

CA_CERT, ISSUER_CERT, ISSUER_KEY = "ca.crt", "issuer.crt", "issuer.key"
EXPIRY_WARNING = timedelta(days=30)  # as `dapr mtls expiry` warns
TRUST_ANCHORS = "DAPR_TRUST_ANCHORS"  # the variable of daprd with the anchors of its creation
RENEW = "dapr mtls renew-certificate -k --valid-until 365 --restart"


@dataclass(frozen=True)
class TrustBundle:
    """``anchors`` and ``issuer`` are PEM of the Secret, "" if missing; ``configmap_anchors`` are the ConfigMap's."""

    has_secret: bool
    has_configmap: bool
    anchors: str = ""
    issuer: str = ""
    has_key: bool = False
    configmap_anchors: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether Sentry would use it instead of creating a new one, apart from the ConfigMap."""
        return bool(self.anchors and self.issuer and self.has_key)

    @property
    def configmap_differs(self) -> bool:
        """Whether the ConfigMap does not match the Secret; a missing one differs."""
        return self.is_complete and self.configmap_anchors != self.anchors


def read_bundle(secret: dict | None, configmap: dict | None) -> TrustBundle:
    """The bundle from the two objects. The private key is not stored."""
    data = (secret or {}).get("data") or {}
    return TrustBundle(
        has_secret=secret is not None, has_configmap=configmap is not None, anchors=_decoded(data.get(CA_CERT)), issuer=_decoded(data.get(ISSUER_CERT)),
        has_key=bool(data.get(ISSUER_KEY)), configmap_anchors=((configmap or {}).get("data") or {}).get(CA_CERT, ""),
    )


def bundle_problems(bundle: TrustBundle, now: datetime) -> list[str]:
    """Why a complete bundle is unusable, as sentences: expired certificates, an issuer that the anchors did not sign."""
    if not bundle.is_complete:
        return []
    try:
        anchors, issuer = load_certificates(bundle.anchors), load_certificates(bundle.issuer)[0]
    except ValueError as error:
        return [f"the Secret does not contain valid certificates ({error})"]
    problems = [f"the issuer's certificate expired at {_expiry(issuer)}"] if issuer.not_valid_after_utc <= now else []
    if not any(anchor.not_valid_after_utc > now for anchor in anchors):
        problems.append(f"the certificate authority expired at {_expiry(max(anchors, key=lambda anchor: anchor.not_valid_after_utc))}")
    if not validates(bundle.anchors, bundle.issuer):
        problems.append("the certificate authority did not sign the issuer's certificate")
    return problems


def expiry_warnings(bundle: TrustBundle, now: datetime) -> list[str]:
    """The certificates that expire within 30 days."""
    if not bundle.is_complete or bundle_problems(bundle, now):
        return []
    named = [("certificate authority", load_certificates(bundle.anchors)[0]), ("issuer's certificate", load_certificates(bundle.issuer)[0])]
    return [
        f"Dapr's {name} expires at {_expiry(certificate)}. Renew it before then: {RENEW}"
        for name, certificate in named if certificate.not_valid_after_utc <= now + EXPIRY_WARNING
    ]


def validates(anchors: str, issuer: str) -> bool:
    """Whether one of the anchors signed the issuer's certificate, or is that certificate. False for an unreadable PEM."""
    try:
        certificate = load_certificates(issuer)[0]
        return any(anchor == certificate or _signed(anchor, certificate) for anchor in load_certificates(anchors))
    except ValueError:
        return False


def is_issued_by(issuer: str, leaf: bytes) -> bool:
    """Whether the issuer signed a certificate, in DER."""
    return _signed(load_certificates(issuer)[0], x509.load_der_x509_certificate(leaf))


def trust_anchors(spec: dict) -> str:
    """The trust anchors that a daprd container got when its pod was created."""
    return next((entry.get("value") or "" for entry in spec.get("env") or [] if entry["name"] == TRUST_ANCHORS), "")


def load_certificates(pem: str) -> list:
    """The certificates in a PEM text. Raises ValueError if there is none, RunbookError if the library is missing."""
    if CRYPTOGRAPHY_MISSING:
        raise RunbookError(missing_message(["cryptography"]))
    return x509.load_pem_x509_certificates(pem.encode())


def _signed(issuer, certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _decoded(value: str | None) -> str:
    try:
        return base64.b64decode(value or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _expiry(certificate) -> str:
    return f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
