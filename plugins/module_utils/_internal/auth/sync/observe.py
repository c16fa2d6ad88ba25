# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the stored secret, the containers that run with it, and the keys that it decrypts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from ...clients.cluster.access import needs
from ...clients.cluster.client import Cluster
from ...clients.cluster.secrets import StoredSecret, stored_secret, written_since
from ...clients.database.statements import Database
from ...clients.secret_refs.container_values import ContainerValue, Lookup, read_values
from ...clients.secret_refs.pods import PodFinder
from ...errors import RunbookError
from ...secret_sources import Ref
from ..clock import application_offset, read_clock
from ..encrypted_columns import count_other_data
from ..jwks_table import read_jwks_table
from ..keys import rule_of
from ..options import Hide
from ..rotation.stages import SecretState
from ..server_secrets import AuthServer, running_auth_servers
from ..signing_secrets import SigningSecrets, parse_secrets
from .model import Consumer, SyncState
from .options import SyncOptions

OpenDatabase = Callable[[], AbstractContextManager[Database]]


def observe(cluster: Cluster, opened: OpenDatabase, options: SyncOptions, hide: Hide) -> SyncState:
    """Reads cluster and database, and hides every value. Raises RunbookError for a missing Secret, permission or table."""
    auth = options.auth
    stored = {name: _read_secret(cluster, auth.namespace, name) for name in dict.fromkeys(one.secret for one in options.locations)}
    values = [stored[place.secret].values.get(place.key, b"") for place in options.places]
    consumers = _read_consumers(cluster, options, stored)
    hide(value.decode(errors="replace") for value in [*values, *(one.value for one in consumers)] if value)
    rotation = _rotation_state(options, stored[options.own.secret])
    servers = _running(cluster, options)
    for secrets in (rotation.secrets, *(one.secrets for one in servers if one.secrets)):
        hide(secrets.values)
    offset = application_offset(lambda: cluster, auth.namespace, servers, needs_cluster=True)
    with opened() as database:
        table = read_jwks_table(database, auth.names, read_clock(database, offset))
        state = SyncState(
            options, stored, rotation, servers, consumers, table.rows,
            rule=rule_of(table, auth.algorithm), private_key_storage=auth.private_key_storage, can_retire=table.can_retire,
        )  # fmt: skip
        return _with_bare_data(database, state)


def _read_secret(cluster: Cluster, namespace: str, name: str) -> StoredSecret:
    missing = f"get secrets/{name}"
    with needs(missing, namespace, "to synchronize the secret", missing=[missing]):
        secret = cluster.get("Secret", name, namespace)
    if not secret:
        raise RunbookError(f"There is no Secret {name} in namespace {namespace}: correct the name in the option locations, or create it.")
    return stored_secret(secret)


def _rotation_state(options: SyncOptions, stored: StoredSecret) -> SecretState:
    where = f"The Secret {options.own.secret} in namespace {options.auth.namespace}"
    single, versions, previous = (
        stored.values.get(key, b"").decode(errors="replace") for key in (options.own.key, options.versions_key, options.previous_secret_key)
    )
    secrets = parse_secrets(single, versions, where) if single or versions else SigningSecrets()
    return SecretState(secrets, previous or None, stored.rotating)


def _running(cluster: Cluster, options: SyncOptions) -> list[AuthServer]:
    """The running auth servers; none where one has no running container, which a missing value may be the cause of."""
    try:
        return running_auth_servers(cluster, options.auth.namespace, options.auth.auth_servers)
    except RunbookError as error:
        if "missing_permissions" in error.facts:
            raise
        return []


def _read_consumers(cluster: Cluster, options: SyncOptions, stored: dict[str, StoredSecret]) -> list[Consumer]:
    pods, namespace = PodFinder(cluster), options.auth.namespace
    lookups = {lookup: place for place in options.places for lookup in pods.consumers("Secret", place.secret, namespace, place.key)}
    values = read_values(cluster, list(lookups)) if lookups else {}
    return [_consumer(pods, lookup, place, values[lookup], stored[place.secret]) for lookup, place in lookups.items()]


def _consumer(pods: PodFinder, lookup: Lookup, place: Ref, read: ContainerValue, stored: StoredSecret) -> Consumer:
    outdated = written_since(stored, place.key, lookup.started)
    ending = any(pod["metadata"]["name"] == lookup.pod and "deletionTimestamp" in pod["metadata"] for pod in pods.pods_in(lookup.namespace))
    return Consumer(place, pods.workload_of(lookup), read.value, read.unknown, lookup.consumer.needs_restart and not ending, outdated)


def _with_bare_data(database: Database, state: SyncState) -> SyncState:
    """Beside a list, the single secret is the one that decrypts the most of what is encrypted without a version."""
    if not state.versions or state.text(state.options.own) == next(iter(state.versions.values())):
        return state
    for value in {state.text(state.options.own), *state.versions.values()} - {""}:
        counted = count_other_data(database, state.options.auth.names.schema, SigningSecrets(value))
        state.bare_data[value] = sum(one["readable"] for one in counted)
    return state
