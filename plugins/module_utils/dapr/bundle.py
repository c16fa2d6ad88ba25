# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dapr's trust bundle: the Secret that Sentry signs with, and the ConfigMap that everybody trusts by. Pure.

Sentry makes a new certificate authority, without a word, when it starts and a key is missing or the two differ
(pkg/sentry/server/ca/kube.go of Dapr 1.16). Every sidecar has its anchors from the time of its creation.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import lacking

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    CRYPTOGRAPHY_MISSING = False
except ImportError:
    InvalidSignature = ValueError
    CRYPTOGRAPHY_MISSING = True

ANCHORS, ISSUER, ISSUER_KEY = "ca.crt", "issuer.crt", "issuer.key"
WARNING = timedelta(days=30)  # as `dapr mtls expiry` warns


@dataclass(frozen=True)
class Bundle:
    """What was read. ``anchors`` and ``issuer`` are PEM of the Secret, "" where they are missing; ``public`` is the ConfigMap's."""

    has_secret: bool
    has_configmap: bool
    anchors: str = ""
    issuer: str = ""
    has_key: bool = False
    public: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether Sentry would use it and not make a new one, the ConfigMap aside."""
        return bool(self.anchors and self.issuer and self.has_key)

    @property
    def differs(self) -> bool:
        """Whether the ConfigMap does not say what the Secret does; one that is not there differs."""
        return self.is_whole and self.public != self.anchors


def bundle_of(secret: dict | None, configmap: dict | None) -> Bundle:
    """The bundle out of the two objects. The private key is not kept."""
    data = (secret or {}).get("data") or {}
    return Bundle(
        has_secret=secret is not None, has_configmap=configmap is not None, anchors=_text(data.get(ANCHORS)), issuer=_text(data.get(ISSUER)),
        has_key=bool(data.get(ISSUER_KEY)), public=((configmap or {}).get("data") or {}).get(ANCHORS, ""),
    )


def faults(bundle: Bundle, now: datetime) -> list[str]:
    """Why nobody can use a whole bundle, as sentences: certificates that ran out, an issuer that the anchors don't vouch for."""
    if not bundle.is_whole:
        return []
    try:
        anchors, issuer = certificates(bundle.anchors), certificates(bundle.issuer)[0]
    except ValueError as error:
        return [f"the Secret holds something else than certificates ({error})"]
    found = [f"the issuer's certificate ran out at {_when(issuer)}"] if issuer.not_valid_after_utc <= now else []
    valid = [anchor for anchor in anchors if anchor.not_valid_after_utc > now]
    if not valid:
        found.append(f"the certificate authority ran out at {_when(max(anchors, key=lambda anchor: anchor.not_valid_after_utc))}")
    if not validates(bundle.anchors, bundle.issuer):
        found.append("the certificate authority did not sign the issuer's certificate")
    return found


def warnings(bundle: Bundle, now: datetime) -> list[str]:
    """What runs out within 30 days."""
    if not bundle.is_whole or faults(bundle, now):
        return []
    named = [("certificate authority", certificates(bundle.anchors)[0]), ("issuer", certificates(bundle.issuer)[0])]
    return [
        f"Dapr's {name} runs out at {_when(found)}. Renew it before: dapr mtls renew-certificate -k --valid-until 365 --restart"
        for name, found in named if found.not_valid_after_utc <= now + WARNING
    ]


def validates(anchors: str, issuer: str) -> bool:
    """Whether one of the anchors signed the issuer's certificate, or is it. Nothing readable validates nothing."""
    try:
        signed = certificates(issuer)[0]
        return any(anchor == signed or _signed(anchor, signed) for anchor in certificates(anchors))
    except ValueError:
        return False


def issued(issuer: str, leaf: bytes) -> bool:
    """Whether the issuer signed a certificate, in DER."""
    return _signed(certificates(issuer)[0], x509.load_der_x509_certificate(leaf))


def certificates(pem: str) -> list:
    """The certificates in a PEM text. Raises ValueError where there is none, RunbookError where the library is missing."""
    if CRYPTOGRAPHY_MISSING:
        raise RunbookError(lacking(["cryptography"]))
    return x509.load_pem_x509_certificates(pem.encode())


def _signed(issuer, certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _text(value: str | None) -> str:
    try:
        return base64.b64decode(value or "").decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _when(certificate) -> str:
    return f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
