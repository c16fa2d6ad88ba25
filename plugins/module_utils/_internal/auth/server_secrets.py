# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets that the running auth servers use, read from their containers, and the secrets that options name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..clients.cluster.client import Cluster
from ..clients.secret_refs.container_values import ContainerValue, Lookup, read_values
from ..clients.secret_refs.observe import observe
from ..clients.secret_refs.options import Location
from ..clients.secret_refs.pods import PodFinder
from ..clients.secret_refs.value import text_of
from ..errors import RunbookError
from .signing_secrets import SigningSecrets, parse_secrets

SINGLE, VERSIONED = "BETTER_AUTH_SECRET", "BETTER_AUTH_SECRETS"
FALLBACK = "AUTH_SECRET"  # what every release reads where BETTER_AUTH_SECRET is unset or empty
SAME, DIFFERENT, NONE, UNKNOWN = "same", "different", "none", "unknown"
TERMINATION_TIMEOUT = 60  # seconds to wait for terminating pods: twice Kubernetes' default grace period
POLL_INTERVAL = 1  # seconds
WORKLOAD = {"workload": {"type": "str", "required": True}, "container": {"type": "str"}}


@dataclass(frozen=True)
class AuthServer:
    """A running container that signs tokens. ``secrets`` is None where it has none; ``unknown_reason``: why they could not be read."""

    workload: str
    pod: str
    container: str
    secrets: SigningSecrets | None = None
    unknown_reason: str = ""

    def __str__(self) -> str:
        return f"{self.workload} (pod {self.pod}, container {self.container})"


def running_auth_servers(cluster: Cluster, namespace: str, workloads: list[dict]) -> list[AuthServer]:
    """Every running container of the workloads that signs. Raises RunbookError where a workload has none.

    After a restart a terminating pod may still have the previous secret, or not answer any more: where only such pods disagree, their
    end is waited for.
    """
    deadline = time.monotonic() + TERMINATION_TIMEOUT
    servers = _read(cluster, namespace, workloads)
    while (disagreement(servers) or _count_current_versions(servers) > 1) and time.monotonic() < deadline and _any_terminating(cluster, namespace, servers):
        time.sleep(POLL_INTERVAL)
        servers = _read(cluster, namespace, workloads)
    return servers


def _count_current_versions(servers: list[AuthServer]) -> int:
    """With how many different versions the servers encrypt. Pure."""
    return len({server.secrets.current_version for server in servers if server.secrets})


def _read(cluster: Cluster, namespace: str, workloads: list[dict]) -> list[AuthServer]:
    pods = PodFinder(cluster)
    lookups: list[tuple[str, Lookup]] = []
    for index, one in enumerate(workloads):
        for variable in (SINGLE, VERSIONED, FALLBACK):
            found = pods.with_variable(f"auth_servers[{index}]", one["workload"], namespace, one.get("container"), variable)
            lookups += [(one["workload"], lookup) for lookup in found]
    values = read_values(cluster, [lookup for _workload, lookup in lookups]) if lookups else {}
    grouped: dict[tuple[str, str, str], dict[str, ContainerValue]] = {}
    for workload, lookup in lookups:
        grouped.setdefault((workload, lookup.pod, lookup.consumer.container), {})[lookup.consumer.path] = values[lookup]
    named = {container for container, variables in grouped.items() if any(found.value for name, found in variables.items() if name != FALLBACK)}
    return _signing_containers([_server(*container, _own_variables(container, variables, named)) for container, variables in grouped.items()])


def _own_variables(container: tuple[str, str, str], variables: dict[str, ContainerValue], named: set[tuple[str, str, str]]) -> dict[str, ContainerValue]:
    """A container's variables, without AUTH_SECRET where another one of the pod has Better Auth's own: other libraries read that name too. Pure."""
    elsewhere = any(other != container and other[:2] == container[:2] for other in named)
    return {name: found for name, found in variables.items() if name != FALLBACK} if elsewhere else variables


def _any_terminating(cluster: Cluster, namespace: str, servers: list[AuthServer]) -> bool:
    staying = {pod["metadata"]["name"] for pod in cluster.list("Pod", namespace) if "deletionTimestamp" not in pod["metadata"]}
    return any(server.pod not in staying for server in servers)


def common_secrets(servers: list[AuthServer]) -> SigningSecrets:
    """The secrets that all auth servers have. Raises RunbookError where they could not be read, or differ."""
    problem, secrets = disagreement(servers), next((server.secrets for server in servers), None)
    if problem or secrets is None:
        raise RunbookError(f"{problem} Name the correct secret in the option secret or secrets.")
    return secrets


def disagreement(servers: list[AuthServer]) -> str:
    """Why the servers do not share one secret that could be read, in a sentence; "" where they do. Pure."""
    if not servers:
        return "No auth server is given (option auth_servers)."
    unknown = next((server for server in servers if server.unknown_reason), None)
    if unknown:
        return unreadable_secret(unknown, unknown.unknown_reason)
    without = next((server for server in servers if server.secrets is None), None)
    if without:
        return f"{without} has neither {SINGLE} nor {VERSIONED} nor {FALLBACK}."
    other = next((server for server in servers if server.secrets != servers[0].secrets), None)
    if other:
        return f"The running auth servers differ: {servers[0]} and {other} have different secrets. Give all of them the same secret first."
    return ""


def unreadable_secret(server: AuthServer, reason: str) -> str:
    """The sentence for a server whose secret could not be read."""
    return f"The secret used by {server} could not be read: {reason}."


def compare_secrets(server: AuthServer, secrets: SigningSecrets | None) -> str:
    """Whether a server has these secrets: SAME, DIFFERENT, NONE (it has no secret) or UNKNOWN. Pure."""
    if server.unknown_reason:
        return UNKNOWN
    if server.secrets is None:
        return NONE
    return SAME if server.secrets == secrets else DIFFERENT


def report_servers(servers: list[AuthServer], secrets: SigningSecrets | None) -> list[dict]:
    """The running auth servers for a module's result, and whether each has the secrets by which keys are evaluated. Pure."""
    return [
        {"workload": one.workload, "pod": one.pod, "container": one.container, "secret": compare_secrets(one, secrets), "reason": one.unknown_reason}
        for one in servers
    ]


def secrets_from_options(connect: Callable[[], Cluster], namespace: str, single: Location | None, versioned: Location | None) -> SigningSecrets:
    """The secrets that the options ``secret`` and ``secrets`` locate, of which at least one is given."""
    locations = {"secret": single, "secrets": versioned}
    cluster = connect() if any(location.needs_cluster for location in locations.values() if location) else None
    values = {option: _value_at(cluster, namespace, location, option) for option, location in locations.items()}
    return parse_secrets(values["secret"], values["secrets"], "The options secret and secrets")


def _value_at(cluster: Cluster | None, namespace: str, location: Location | None, option: str) -> str | None:
    return text_of(observe(cluster, namespace, [location], option=option), option) if location else None


def _server(workload: str, pod: str, container: str, variables: dict[str, ContainerValue]) -> AuthServer:
    unknown = next((found.unknown for found in variables.values() if found.unknown), "")
    if unknown:
        return AuthServer(workload, pod, container, unknown_reason=unknown)
    texts = {variable: (found.value or b"").decode(errors="replace") for variable, found in variables.items()}
    if not any(texts.values()):
        return AuthServer(workload, pod, container)
    try:
        return AuthServer(workload, pod, container, parse_secrets(texts.get(SINGLE) or texts.get(FALLBACK), texts.get(VERSIONED), container))
    except RunbookError as error:
        return AuthServer(workload, pod, container, unknown_reason=str(error).rstrip("."))


def _signing_containers(servers: list[AuthServer]) -> list[AuthServer]:
    """Leaves out containers without a secret in a pod where another container has one."""
    signing = {(server.workload, server.pod) for server in servers if server.secrets or server.unknown_reason}
    return [server for server in servers if server.secrets or server.unknown_reason or (server.workload, server.pod) not in signing]
