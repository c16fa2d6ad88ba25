# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the Secrets of an application, in one list or one by one where listing is forbidden, and former values."""

from __future__ import annotations

from collections.abc import Iterable

from ..clients.cluster.access import needs
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.former import read_former_values
from ..clients.cluster.secrets import StoredSecret, stored_secret

GRANT = "Allow get, create and patch (or list) on secrets there."


def observe(cluster: Cluster, namespace: str, names: set[str]) -> dict[str, StoredSecret]:
    """The named Secrets that exist, by name."""
    try:
        secrets: list[dict | None] = [*cluster.list("Secret", namespace)]
    except ApiError as error:
        if error.status != 403:
            raise
        secrets = [_get(cluster, namespace, name) for name in sorted(names)]
    return {secret["metadata"]["name"]: stored_secret(secret) for secret in secrets if secret and secret["metadata"]["name"] in names}


def observe_former_values(cluster: Cluster, keys: Iterable[tuple[str, str, str]]) -> dict[bytes, str]:
    """Each former value of the keys (namespace, Secret and key), and where it is kept."""
    found: dict[bytes, str] = {}
    for namespace, secret, key in keys:
        former = read_former_values(cluster, namespace, secret, "to compare former values")
        for place, value in former.values_of(key).items():
            found.setdefault(value, f"Secret {namespace}/{former.name}, key {place}")
    return found


def _get(cluster: Cluster, namespace: str, name: str) -> dict | None:
    with needs(f"get secrets/{name}", namespace, fix=GRANT, missing=[f"get secrets/{name}"]):
        return cluster.get("Secret", name, namespace)
