# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the state of a rotation: the Secret, the running auth servers, and whether the application supports versions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ...clients.cluster.access import needs
from ...clients.cluster.client import Cluster
from ...clients.cluster.former import former_name
from ...clients.cluster.secrets import stored_secret, write_obstacle
from ...errors import NOTHING_CHANGED, RunbookError
from ..server_secrets import AuthServer, disagreement, running_auth_servers, unreadable_secret
from ..signing_secrets import parse_secrets
from .consumers import read_copies
from .model import RotationState
from .options import RotationOptions
from .plan import require_valid_new_secret, why_not_representable
from .stages import IDLE, REPLACED, SecretState
from .versions import why_unversioned

SIGNING_SINCE = "runbook.minikube/new-secret-signs-since"  # annotation: when the new secret became the one that signs, in UTC


def observe(cluster: Cluster, options: RotationOptions, hide: Callable) -> RotationState:
    """Reads Secret, pods and templates. Raises RunbookError where a rotation must not start, or can't continue."""
    read = _read_secret(cluster, options)
    state = read.state
    hide({*state.secrets.values, *filter(None, [state.previous])})
    servers = running_auth_servers(cluster, options.namespace, options.auth_servers)
    if state.stage == IDLE:
        _require_consistent(state, servers)
    unknown = next((one for one in servers if one.unknown_reason), None)
    if unknown:
        raise RunbookError(f"{unreadable_secret(unknown, unknown.unknown_reason)} {NOTHING_CHANGED}")
    reason = _unversioned_reason(cluster, options, state, servers)
    if reason and state.stage == IDLE and not options.accept_interruption:
        raise RunbookError(
            f"{reason} Without versions, token requests fail from the first new pod until the keys are re-encrypted, which takes a restart of "
            f"{', '.join(one['workload'] for one in options.auth_servers)}. Give the application the variable, or a release of "
            f"Better Auth that supports it, or set accept_interruption: true. {NOTHING_CHANGED}"
        )
    if options.new_secret is not None:
        require_valid_new_secret(options.new_secret, state)
    copies = read_copies(cluster, options, hide)
    outage = _outage_seconds(cluster, options.namespace, state, servers) if state.stage == REPLACED else None
    signing = _seconds_since(cluster, datetime.fromisoformat(read.signing_since)) if read.signing_since and state.stage != IDLE else None
    return RotationState(state, read.version, servers, reason, copies, read.texts, outage, signing)


@dataclass(frozen=True)
class _Read:
    """The rotated Secret as it is stored."""

    state: SecretState
    version: str
    texts: dict[str, str] = field(repr=False)
    signing_since: str


def _read_secret(cluster: Cluster, options: RotationOptions) -> _Read:
    where = f"The Secret {options.secret} in namespace {options.namespace}"
    missing = f"get secrets/{options.secret}"
    with needs(missing, options.namespace, "to rotate it", "Grant get and patch with a Role and a RoleBinding.", [missing]):
        secret = cluster.get("Secret", options.secret, options.namespace)
    if not secret:
        raise RunbookError(f"{where} does not exist. Correct the options secret and namespace.")
    stored = stored_secret(secret)
    obstacle = write_obstacle(stored)
    if obstacle:
        raise RunbookError(f"{where} would have to change, but {obstacle}.")
    keys = (options.key, options.versions_key, options.previous_secret_key)
    single, versions, previous = (_text(stored.values.get(key), f"{where}, key {key},") for key in keys)
    if not single:
        raise RunbookError(f"{where} has no value in the key {options.key}. Correct the option key, or run recover_auth.yml.")
    state = SecretState(parse_secrets(single, versions, where), previous, stored.rotating)
    if state.in_progress and not versions and not previous:
        raise RunbookError(
            f"{where} is marked as being in an unversioned rotation, but has no value in the key {options.previous_secret_key}, the old secret. "
            f"Restore it from the Secret {former_name(options.secret)}. {NOTHING_CHANGED}"
        )
    texts = {key: text for key, text in zip(keys, (single, versions, previous), strict=True) if text}
    return _Read(state, stored.version, texts, (stored.metadata.get("annotations") or {}).get(SIGNING_SINCE, ""))


def _text(value: bytes | None, where: str) -> str | None:
    try:
        return value.decode() if value else None
    except UnicodeDecodeError as error:
        raise RunbookError(f"{where} is not valid UTF-8. {NOTHING_CHANGED}") from error


def _require_consistent(state: SecretState, servers: list[AuthServer]) -> None:
    """Raises RunbookError where a rotation can't start, as the auth servers do not run with what the Secret holds."""
    problem = disagreement(servers)
    if not problem and not state.secrets.encrypts_as(servers[0].secrets):
        problem = f"{servers[0]} uses a different secret than the one that is stored."
    if problem:
        raise RunbookError(f"{problem} Run recover_auth.yml first. {NOTHING_CHANGED}")


def _unversioned_reason(cluster: Cluster, options: RotationOptions, state: SecretState, servers: list[AuthServer]) -> str:
    """Why the rotation is unversioned, "" where it is versioned. A rotation in progress has decided that already."""
    if state.stage == REPLACED:
        return "An unversioned rotation is in progress."
    if state.stage != IDLE or state.secrets.versions:
        return ""
    if options.versioned is False:
        return "The option versioned is false."
    return why_not_representable(state) or why_unversioned(cluster, options, servers)


def _outage_seconds(cluster: Cluster, namespace: str, state: SecretState, servers: list[AuthServer]) -> int | None:
    """Seconds since the first of the running pods that have what the Secret holds became ready, by the API server's clock."""
    pods = {one.pod for one in servers if state.secrets.encrypts_as(one.secrets)}
    since = [
        datetime.fromisoformat(condition["lastTransitionTime"])
        for pod in cluster.list("Pod", namespace)
        if pod["metadata"]["name"] in pods
        for condition in pod["status"].get("conditions") or []
        if (condition["type"], condition["status"]) == ("Ready", "True")
    ]
    return _seconds_since(cluster, min(since)) if since else None


def _seconds_since(cluster: Cluster, moment: datetime) -> int:
    """Seconds since a moment, by the API server's clock."""
    return math.ceil((cluster.now() - moment).total_seconds())
