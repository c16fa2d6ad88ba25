# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a profile: its container, Minikube's configuration, the ownership records, and the cluster itself."""

from __future__ import annotations

import json
import time

from ..clients.cluster.client import Cluster
from ..errors import RunbookError
from .docker_cli import DockerCli
from .model import ObservedProfile, Profile
from .ownership import OwnershipRecord, read_ownership, write_record
from .readiness import problems_of, ready_components_of

GRACE_PERIOD = 10  # seconds, as a pod that is being restarted is no reason to start the cluster
_POLL_INTERVAL = 1  # seconds
_CREATED_BY_MINIKUBE = "created_by.minikube.sigs.k8s.io"


def observe(profile: Profile, docker: DockerCli) -> ObservedProfile:
    """The observed state of the profile. Raises RunbookError where the engine does not respond."""
    container = docker.inspect("container", profile.name)
    config = _read_json(profile.config_file)
    ownership = read_ownership(profile)
    record = ownership.record
    known = bool(config or record or ownership.in_cluster_record)
    running = bool(container and config and container["State"]["Running"])
    problems, ready_components = _wait(profile, GRACE_PERIOD) if running else ((), ())
    usable = running and not problems  # then it has its volume, its network and its kubelet's files
    volume = usable or (known and docker.inspect("volume", profile.name) is not None)
    network = usable or (known and docker.inspect("network", profile.name) is not None)
    return ObservedProfile(
        container=container["State"]["Status"] if container else "",
        container_id=container["Id"] if container else "",
        image=container["Config"]["Image"] if container else (config or {}).get("KicBaseImage", ""),
        volume=volume,
        network=network,
        config=config,
        has_record=record is not None,
        owns_home=ownership.owns_home(profile.minikube_home, bool(container or volume or network)),
        other_owner=ownership.other_owner,
        other_home=ownership.other_home(profile.minikube_home),
        owns_container=container is not None and record is not None and _is_owned(container, record),
        was_ready=known and (record is None or bool(record.container)),
        ready_recorded=container is not None and record is not None and record.container == container["Id"],
        configured=usable or (bool(container) and docker.is_configured(profile.name)),
        problems=problems,
        ready_components=ready_components,
    )


def record_if_ready(profile: Profile, observed: ObservedProfile) -> None:
    """Records a ready container of ours. From then on its volume may contain data, and no repair removes it."""
    if observed.healthy and observed.managed and not observed.ready_recorded:
        write_record(profile, observed.container_id)


def wait_until_usable(profile: Profile, seconds: float) -> tuple[str, ...]:
    """The problems that remain after at most this time. Returns as soon as there are none."""
    return _wait(profile, seconds)[0]


def _wait(profile: Profile, seconds: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The remaining problems, and the system components with a ready pod."""
    deadline = time.monotonic() + seconds
    while (observed := _observe_cluster(profile))[0] and time.monotonic() < deadline:
        time.sleep(_POLL_INTERVAL)
    return observed


def _observe_cluster(profile: Profile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The problems of the cluster, read with the kubeconfig of its users, and the system components with a ready pod."""
    if not profile.kubeconfig.exists():
        return (f"the kubeconfig {profile.kubeconfig} is missing",), ()
    try:
        cluster = Cluster.connect({"kubeconfig": str(profile.kubeconfig), "context": profile.name})
        nodes = cluster.list("Node")
        leases = cluster.list("Lease", "kube-node-lease")
        pods = cluster.list("Pod", "kube-system")
        return problems_of(nodes, leases, pods, cluster.list("StorageClass"), cluster.now()), ready_components_of(pods)
    except RunbookError as error:
        return (str(error),), ()


def _is_owned(container: dict, record: OwnershipRecord) -> bool:
    """Recorded as ready, or created by Minikube after the record; both times are in UTC, so their texts can be compared."""
    if container["Id"] == record.container:
        return True
    labels = container["Config"].get("Labels") or {}
    return labels.get(_CREATED_BY_MINIKUBE) == "true" and container["Created"][:19] >= record.since[:19]


def _read_json(file) -> dict | None:
    """A JSON object, None where the file is missing or truncated."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content else None
