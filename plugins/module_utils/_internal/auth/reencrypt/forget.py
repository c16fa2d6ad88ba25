# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Removes former values of the secret, where no data is encrypted with them (state: forgotten)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ...clients.cluster.access import needs
from ...clients.cluster.client import MERGE_PATCH, Cluster
from ...clients.cluster.errors import ApiError
from ...clients.cluster.secrets import FIELD_MANAGER, require_write_permissions, stored_secret
from ...clients.secret_refs.options import Location
from ...errors import NOTHING_CHANGED, RunbookError
from ..signing_secrets import secrets_in

PURPOSE = "to remove former values"


@dataclass(frozen=True)
class ForgottenKeys:
    """The former values to remove. ``versions``: the resource version of each Secret; ``values``: the secrets in each (Secret, key)."""

    versions: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> set[str]:
        """All secrets in the values."""
        return set().union(*self.values.values())


def observe_forgotten(cluster: Cluster, namespace: str, locations: list[Location]) -> ForgottenKeys:
    """The keys of ``locations`` that exist. Raises RunbookError for a location that is no former value, and for missing permissions."""
    keys = ForgottenKeys()
    for index, location in enumerate(locations):
        where = f"old_secrets[{index}]: state: forgotten"
        if not location.secret or location.check_consumers or location.namespace not in ("", namespace):
            raise RunbookError(f"{where} needs secret and key of a former value in namespace {namespace}, and no other option. {NOTHING_CHANGED}")
        value = _read(cluster, namespace, location.secret, location.key, keys, where)
        if value is not None:
            keys.values[location.secret, location.key] = frozenset(secrets_in(value.decode(errors="replace")))  # as Node.js reads a variable
    require_write_permissions(cluster, namespace, create=False, patch=keys.versions)
    return keys


def why_needed(keys: ForgottenKeys, result: dict, in_use: Collection[str]) -> list[str]:
    """Why the values can't be removed, as sentences. ``result``: that of a re-encryption in check mode; ``in_use``: present secrets. Pure."""
    values = sum(one["reencrypted"] for one in result["tables"])
    return [
        *result["blockers"],
        *([f"{values} values in known columns are encrypted with an old secret. Re-encrypt them first (state: present)."] if values else []),
        *(
            f"The backup {one['table']} has {one['count']} values that can be used only with an old secret. Remove it first if they are not needed."
            for one in result["elsewhere"] if one["backup"]
        ),
        *(
            f"The value of key {key} of the Secret {secret} is in use. Leave it out of old_secrets."
            for (secret, key), secrets in keys.values.items() if secrets & set(in_use)
        ),
    ]  # fmt: skip


def forgotten_result(cluster: Cluster, namespace: str, keys: ForgottenKeys, result: dict, in_use: Collection[str], check: bool) -> dict:
    """Removes the values, and returns the result with what was removed. Raises RunbookError where they are needed."""
    problems = why_needed(keys, result, in_use) if keys.values else []
    if problems:
        raise RunbookError(f"The former values are still needed. {' '.join(problems)} {NOTHING_CHANGED}", blockers=problems)
    removed = forget(cluster, namespace, keys, check)
    return {**result, "changed": bool(removed), "forgotten": removed, "diff": {"before": {"former_values": removed}, "after": {"former_values": []}}}


def forget(cluster: Cluster, namespace: str, keys: ForgottenKeys, check: bool) -> list[dict]:
    """Removes the values, and returns which. Raises RunbookError where another client wrote a Secret since it was observed."""
    removed: list[dict] = []
    for secret, version in keys.versions.items():
        names = [key for name, key in keys.values if name == secret]
        if names and not check:
            _remove(cluster, namespace, secret, version, names, removed)
        removed += [{"former_secret": secret, "former_key": key} for key in names]
    return removed


def _read(cluster: Cluster, namespace: str, secret: str, key: str, keys: ForgottenKeys, where: str) -> bytes | None:
    missing = f"get secrets/{secret}"
    with needs(missing, namespace, PURPOSE, missing=[missing]):
        read = cluster.get("Secret", secret, namespace)
    stored = stored_secret(read) if read else None
    if stored is None or not stored.former_values:
        raise RunbookError(f"{where} removes only former values, and the Secret {secret} has none. {NOTHING_CHANGED}")
    keys.versions.setdefault(secret, stored.version)
    return stored.values.get(key)


def _remove(cluster: Cluster, namespace: str, secret: str, version: str, names: list[str], removed: list[dict]) -> None:
    body = {"metadata": {"resourceVersion": version}, "data": dict.fromkeys(names)}
    try:
        cluster.patch("Secret", secret, body, namespace, content_type=MERGE_PATCH, field_manager=FIELD_MANAGER)
    except ApiError as error:
        done = f"Removed before: {', '.join(one['former_key'] for one in removed)}." if removed else NOTHING_CHANGED
        if error.status == 409:
            raise RunbookError(f"The Secret {secret} in namespace {namespace} was changed by another client. Run again. {done}") from error
        raise RunbookError(f"The Secret {secret} in namespace {namespace} could not be written: {error} {done}") from error
