# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The webhook by which new pods get their sidecars. Pure.

Its failure policy is Ignore: where the API server can't call it, a pod is made without its sidecar and nobody says so.
"""

from __future__ import annotations

import base64
import binascii

from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import Bundle, validates


def authority_problem(webhook: dict, bundle: Bundle) -> str:
    """Why the API server does not trust the injector's certificate, "" if it does."""
    given = [_authority(entry) for entry in webhook.get("webhooks") or []]
    if not all(given):
        return "has no CA bundle"
    if not all(validates(pem, bundle.issuer) for pem in given):
        return "has a CA bundle that does not validate what Sentry issues at present"
    return ""


def is_told_otherwise(webhook: dict, bundle: Bundle) -> bool:
    """Whether the API server was told to trust the injector by other anchors than the bundle's."""
    given = [_authority(entry) for entry in webhook.get("webhooks") or []]
    return any(pem and not validates(pem, bundle.issuer) for pem in given)


def with_authority(webhook: dict, bundle: Bundle) -> list[dict]:
    """The JSON patch that gives every webhook of the configuration the present anchors."""
    encoded = base64.b64encode(bundle.anchors.encode()).decode()
    count = len(webhook.get("webhooks") or [])
    return [{"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": encoded} for index in range(count)]


def serving(slices: list[dict]) -> int:
    """How many addresses behind the Service are ready. ``slices``: its EndpointSlices."""
    endpoints = [endpoint for item in slices for endpoint in item.get("endpoints") or []]
    return sum(len(endpoint["addresses"]) for endpoint in endpoints if (endpoint.get("conditions") or {}).get("ready") is not False)


def _authority(entry: dict) -> str:
    try:
        return base64.b64decode((entry.get("clientConfig") or {}).get("caBundle") or "").decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        return ""
