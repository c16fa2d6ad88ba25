# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the state of a rotation: the Secret, the running auth servers, and whether the application supports versions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ...clients.cluster.access import needs
from ...clients.cluster.client import Cluster
from ...clients.cluster.secrets import stored_secret, write_obstacle
from ...errors import NOTHING_CHANGED, RunbookError
from ..server_secrets import AuthServer, disagreement, running_auth_servers, unreadable_secret
from ..signing_secrets import parse_secrets
from .options import RotationOptions
from .plan import require_valid_new_secret, why_not_representable
from .stages import IDLE, REPLACED, SecretState, remaining_steps
from .versions import why_unversioned

MARK = "runbook.minikube/rotation"


@dataclass(frozen=True)
class RotationState:
    """A rotation as it was observed. ``version``: the Secret's resource version; ``unversioned_reason``: why it is unversioned, "" where it is not."""

    secret: SecretState
    version: str
    servers: list[AuthServer]
    unversioned_reason: str
    outage_seconds: int | None = None  # since the first pod with a secret that decrypts no key became ready

    @property
    def restart_required(self) -> list[str]:
        """The workloads of auth servers that run with something else than the Secret holds."""
        return sorted({one.workload for one in self.servers if not self.secret.secrets.encrypts_as(one.secrets)})

    @property
    def steps(self) -> list[str]:
        """The steps that remain."""
        return remaining_steps(self.secret, bool(self.restart_required), not self.unversioned_reason)


def observe(cluster: Cluster, options: RotationOptions, hide: Callable) -> RotationState:
    """Reads Secret, pods and templates. Raises RunbookError where a rotation must not start, or can't continue."""
    state, version = _read_secret(cluster, options)
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
    outage = _outage_seconds(cluster, options.namespace, state, servers) if state.stage == REPLACED else None
    return RotationState(state, version, servers, reason, outage)


def _read_secret(cluster: Cluster, options: RotationOptions) -> tuple[SecretState, str]:
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
    single, versions, previous = (
        _text(stored.values.get(key), f"{where}, key {key},") for key in (options.key, options.versions_key, options.previous_secret_key)
    )
    if not single:
        raise RunbookError(f"{where} has no value in the key {options.key}. Correct the option key, or run recover_auth.yml.")
    in_progress = MARK in (secret["metadata"].get("annotations") or {})
    return SecretState(parse_secrets(single, versions, where), previous, in_progress), stored.version


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
    if state.previous:
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
    return math.ceil((cluster.now() - min(since)).total_seconds()) if since else None
