# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The webhook that injects the sidecars into new pods. Pure.

Its failure policy is Ignore: if the API server cannot call it, a pod is created without its sidecar, and nothing reports it.
"""

from __future__ import annotations

import base64
import binascii

from .trust_bundle import TrustBundle, validates


def ca_bundle_problem(webhook: dict, bundle: TrustBundle) -> str:
    """Why the API server does not trust the injector's certificate, "" if it does."""
    ca_bundles = _ca_bundles(webhook)
    if not all(ca_bundles):
        return "has no CA bundle"
    if not all(validates(pem, bundle.issuer) for pem in ca_bundles):
        return "has a CA bundle that does not validate the certificates that Sentry currently issues"
    return ""


def ca_bundle_patch(webhook: dict, bundle: TrustBundle) -> list[dict]:
    """The JSON patch that sets the current anchors as CA bundle of every webhook of the configuration."""
    encoded = encoded_anchors(bundle)
    count = len(webhook.get("webhooks") or [])
    return [{"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": encoded} for index in range(count)]


def encoded_anchors(bundle: TrustBundle) -> str:
    """The anchors as a webhook's caBundle holds them."""
    return base64.b64encode(bundle.anchors.encode()).decode()


def ready_endpoints(slices: list[dict]) -> int:
    """How many addresses behind the Service are ready. ``slices``: its EndpointSlices."""
    endpoints = [endpoint for item in slices for endpoint in item.get("endpoints") or []]
    return sum(len(endpoint["addresses"]) for endpoint in endpoints if (endpoint.get("conditions") or {}).get("ready") is not False)


def _ca_bundles(webhook: dict) -> list[str]:
    return [_decoded((entry.get("clientConfig") or {}).get("caBundle")) for entry in webhook.get("webhooks") or []]


def _decoded(ca_bundle: str | None) -> str:
    try:
        return base64.b64decode(ca_bundle or "").decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        return ""
