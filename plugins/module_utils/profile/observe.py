# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a profile: the engine's container, minikube's and our own records, and the cluster itself."""

from __future__ import annotations

import json
import time

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.claim import Claim, read_claims, write_claim
from ansible_collections.runbook.minikube.plugins.module_utils.profile.engine import Engine
from ansible_collections.runbook.minikube.plugins.module_utils.profile.readiness import problems_of, serving_of
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Observed, Profile

GRACE_SECONDS = 10  # a pod that is just being restarted is no reason to start the cluster
_POLL_SECONDS = 1
_MADE_BY_MINIKUBE = "created_by.minikube.sigs.k8s.io"


def observe(profile: Profile, engine: Engine) -> Observed:
    """The profile as it is. Raises RunbookError where the engine does not answer."""
    container = engine.inspect("container", profile.name)
    config = _read_json(profile.config_file)
    claims = read_claims(profile)
    claim = claims.best
    known = bool(config or claim or claims.recorded)
    running = bool(container and config and container["State"]["Running"])
    problems, serving = _settled(profile, GRACE_SECONDS) if running else ((), ())
    serves = running and not problems  # then it has its volume, its network and its kubelet's files
    volume = serves or (known and engine.inspect("volume", profile.name) is not None)
    network = serves or (known and engine.inspect("network", profile.name) is not None)
    return Observed(
        container=container["State"]["Status"] if container else "",
        container_id=container["Id"] if container else "",
        image=container["Config"]["Image"] if container else (config or {}).get("KicBaseImage", ""),
        volume=volume,
        network=network,
        config=config,
        has_claim=claim is not None,
        own_home=claims.home_is(profile.home, bool(container or volume or network)),
        other_owner=claims.other,
        moved_from=claims.moved_from(profile.home),
        claimed=bool(container and claim) and _is_claimed(container, claim),
        served=known and (claim is None or bool(claim.container)),
        noted=bool(container and claim) and claim.container == container["Id"],
        configured=serves or (bool(container) and engine.is_configured(profile.name)),
        problems=problems,
        serving=serving,
    )


def note_if_ready(profile: Profile, observed: Observed) -> None:
    """Remembers a container of ours that was seen ready: from then on its volume may hold data, and is never removed to repair."""
    if observed.healthy and observed.ours and not observed.noted:
        write_claim(profile, observed.container_id)


def wait_for_no_problems(profile: Profile, seconds: float) -> tuple[str, ...]:
    """What still keeps the cluster from being used after at most this time; returns as soon as there is nothing."""
    return _settled(profile, seconds)[0]


def _settled(profile: Profile, seconds: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """As wait_for_no_problems, and which parts of the system serve."""
    deadline = time.monotonic() + seconds
    while (found := _look(profile))[0] and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return found


def _look(profile: Profile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why the cluster can't be used now, by way of the kubeconfig that its users have, and which parts of the system serve."""
    if not profile.kubeconfig.exists():
        return (f"the kubeconfig {profile.kubeconfig} is missing",), ()
    try:
        cluster = Cluster.connect({"kubeconfig": str(profile.kubeconfig), "context": profile.name})
        nodes = cluster.list("Node")
        leases = cluster.list("Lease", "kube-node-lease")
        pods = cluster.list("Pod", "kube-system")
        return problems_of(nodes, leases, pods, cluster.list("StorageClass"), cluster.now()), serving_of(pods)
    except RunbookError as error:
        return (str(error),), ()


def _is_claimed(container: dict, claim: Claim) -> bool:
    """Seen ready by us, or made by minikube after we took the name; both times are in UTC, so their texts compare."""
    if container["Id"] == claim.container:
        return True
    labels = container["Config"].get("Labels") or {}
    return labels.get(_MADE_BY_MINIKUBE) == "true" and container["Created"][:19] >= claim.since[:19]


def _read_json(file) -> dict | None:
    """A JSON object, None where the file is missing or was cut off while it was written."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found else None
