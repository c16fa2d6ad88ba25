# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the copies of the secret in other Secrets, and what the containers run with that take it from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from ...clients.cluster.access import needs
from ...clients.cluster.client import Cluster
from ...clients.cluster.secrets import stored_secret, write_obstacle
from ...clients.secret_refs.consumers import consumers_of
from ...clients.secret_refs.container_values import ContainerValue, Lookup, is_running, lookup_of, read_values
from ...clients.secret_refs.pods import PodFinder, owner_of
from ...errors import RunbookError
from ..signing_secrets import SigningSecrets, parse_secrets
from .copies import CopyState, SecretCopy, Verifier
from .options import CopyOptions, RotationOptions

ENDED = ("Succeeded", "Failed")  # phases of a pod


def read_copies(cluster: Cluster, options: RotationOptions, hide: Callable) -> CopyState:
    """The copies and who takes the secret from them. Raises RunbookError where a copy is missing, or must not be written."""
    own = CopyOptions(options.secret, options.key, options.versions_key)
    finder, servers = _Finder(cluster, options.namespace), {one["workload"] for one in options.auth_servers}
    copies = [_read_copy(cluster, options.namespace, one) for one in options.copies]
    verifiers = finder.verifiers([own, *options.copies], servers)
    others = SecretCopy(*_names(own), version="", verifiers=verifiers[0], single_secret_workloads=finder.single_secret_workloads(own, servers), own=True)
    found = [
        replace(copy, verifiers=taking, single_secret_workloads=finder.single_secret_workloads(one, servers))
        for one, copy, taking in zip(options.copies, copies, verifiers[1:], strict=True)
    ]
    for copy in (others, *found):
        hide({value for one in (copy.content, *(verifier.secrets for verifier in copy.verifiers)) if one for value in one.values})
    return CopyState((others, *found))


def _names(options: CopyOptions) -> tuple[str, str, str | None]:
    return options.secret, options.key, options.versions_key


def _read_copy(cluster: Cluster, namespace: str, copy: CopyOptions) -> SecretCopy:
    """A copy as it is stored, without those who take it."""
    where = f"The Secret {copy.secret} in namespace {namespace}"
    missing = f"get secrets/{copy.secret}"
    with needs(missing, namespace, "to rotate the copy of the secret in it", missing=[missing]):
        secret = cluster.get("Secret", copy.secret, namespace)
    if not secret:
        raise RunbookError(f"{where} does not exist. Correct the option copies.")
    stored = stored_secret(secret)
    obstacle = write_obstacle(stored)
    if obstacle:
        raise RunbookError(f"{where} would have to change, but {obstacle}.")
    texts = {key: stored.values.get(key, b"").decode(errors="replace") for key in (copy.key, copy.versions_key) if key}
    parsed = _parsed(texts[copy.key], texts.get(copy.versions_key or ""))
    values = {key: value for key, value in stored.values.items() if key in texts}
    return SecretCopy(*_names(copy), stored.version, texts[copy.key], parsed.versions if parsed else {}, stored=values)


class _Finder:
    """The containers of a namespace that take the secret from a Secret."""

    def __init__(self, cluster: Cluster, namespace: str):
        self._cluster = cluster
        self._namespace = namespace
        pods = PodFinder(cluster).pods_in(namespace)
        self._pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and (pod.get("status") or {}).get("phase") not in ENDED]

    def single_secret_workloads(self, copy: CopyOptions, but: set[str]) -> tuple[str, ...]:
        """The workloads that take only the single secret, ``but`` those."""
        single = {owner_of(pod) for pod in self._pods for keys in self._taken(pod, copy).values() if copy.key in keys and copy.versions_key not in keys}
        return tuple(sorted(single - but))

    def verifiers(self, copies: Iterable[CopyOptions], but: set[str]) -> list[tuple[Verifier, ...]]:
        """The running containers that take the secret, by copy; all of them are asked at a time."""
        found = [
            [(pod, name, keys) for pod in self._pods if owner_of(pod) not in but for name, keys in self._taken(pod, copy).items() if is_running(pod, name)]
            for copy in copies
        ]
        lookups = [lookup for one in found for _pod, _name, keys in one for lookup in keys.values()]
        values = read_values(self._cluster, lookups) if lookups else {}
        return [
            tuple(_verifier(owner_of(pod), copy, name, keys, values) for pod, name, keys in one)
            for copy, one in zip(copies, found, strict=True)
        ]

    def _taken(self, pod: dict, copy: CopyOptions) -> dict[str, dict[str, Lookup]]:
        """The keys of a copy that a pod's containers take, by container."""
        taken: dict[str, dict[str, Lookup]] = {}
        for key in filter(None, (copy.key, copy.versions_key)):
            for consumer in consumers_of(pod["spec"], "Secret", copy.secret, key):
                taken.setdefault(consumer.container, {})[key] = lookup_of(pod, consumer)
        return taken


def _verifier(workload: str, copy: CopyOptions, container: str, keys: dict[str, Lookup], values: dict[Lookup, ContainerValue]) -> Verifier:
    read = {key: values[lookup] for key, lookup in keys.items()}
    texts = {key: (value.value or b"").decode(errors="replace") for key, value in read.items()}
    pod = next(iter(keys.values())).pod
    unknown = next((value.unknown for value in read.values() if value.unknown), "")
    secrets = None if unknown else _parsed(texts.get(copy.key, ""), texts.get(copy.versions_key or ""))
    return Verifier(workload, pod, container, copy.key in keys, copy.versions_key in keys, secrets, unknown)


def _parsed(single: str, versions: str | None) -> SigningSecrets | None:
    """Both values, None where there are none. A list that is malformed counts as none: it is replaced."""
    try:
        return parse_secrets(single, versions, "")
    except RunbookError:
        return SigningSecrets(single) if single else None
