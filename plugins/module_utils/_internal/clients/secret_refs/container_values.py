# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads values from running containers: their environment and their files, with a program that the container already has.

The environment is that of process 1, as an entrypoint may set more than the pod's spec; where that can't be read, or lacks the variable,
the environment of a new process in the container, and then of the processes that process 1 has started: a shell that does not end with
exec sets variables for these alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ..cluster.access import not_allowed
from ..cluster.client import MAX_WORKERS, Cluster
from ..cluster.errors import ApiError, Unreachable
from ..cluster.exec import execute
from .consumers import ENVIRONMENT, Consumer

TIMEOUT = 15  # seconds for one command
EXEC_VERBS = ("get", "create")  # a WebSocket is opened by GET; Kubernetes 1.35 and later also require create
PYTHON = "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
NODE = "process.stdout.write(require('fs').readFileSync(process.argv[1]))"
SHELLS = ("sh", "bash", "dash", "ash", "zsh", "busybox")
MAX_PROCESSES = 16  # of a container, the nearest to process 1 first: each is one more command
PROGRAMS = (["cat"], ["python3", "-c", PYTHON], ["python", "-c", PYTHON], ["node", "-e", NODE])  # each prints the file named last


@dataclass(frozen=True)
class ContainerValue:
    """A value read from a container: ``value`` is None where it has none, or where ``unknown`` says why it could not be read."""

    value: bytes | None = field(default=None, repr=False)
    unknown: str = ""


@dataclass(frozen=True)
class Lookup:
    """What to read: a consumer in a pod. ``declared``: whether the container's spec names the variable; ``started``: when the container did."""

    namespace: str
    pod: str
    shares_processes: bool
    consumer: Consumer
    declared: bool = True
    started: str = ""


def lookup_of(pod: dict, consumer: Consumer, declared: bool = True) -> Lookup:
    """The lookup of a consumer in a pod as the API sends it."""
    metadata, spec = pod["metadata"], pod["spec"]
    shares = bool(spec.get("shareProcessNamespace") or spec.get("hostPID"))
    started = (_running_state(pod, consumer.container) or {}).get("startedAt") or ""
    return Lookup(metadata["namespace"], metadata["name"], shares, consumer, declared, started)


def is_running(pod: dict, container: str) -> bool:
    """Whether that container of the pod is running."""
    return _running_state(pod, container) is not None


def _running_state(pod: dict, container: str) -> dict | None:
    status = pod.get("status") or {}
    statuses = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    return next((one["state"]["running"] for one in statuses if one["name"] == container and "running" in (one.get("state") or {})), None)


def read_values(cluster: Cluster, lookups: list[Lookup]) -> dict[Lookup, ContainerValue]:
    """Reads from several containers at a time, and each container's files once. Raises RunbookError where exec is forbidden."""
    require_exec(cluster, lookups)
    by_container: dict[tuple, list[Lookup]] = {}
    for lookup in lookups:
        by_container.setdefault((lookup.namespace, lookup.pod, lookup.consumer.container), []).append(lookup)
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        results = list(pool.map(lambda group: ContainerReader(cluster, group).read(), by_container.values()))
    return {lookup: value for result in results for lookup, value in result.items()}


class ContainerReader:
    """Reads all lookups of one container."""

    def __init__(self, cluster: Cluster, lookups: list[Lookup]):
        self._cluster = cluster
        self._lookups = lookups
        self._files: dict[str, ContainerValue] = {}

    def read(self) -> dict[Lookup, ContainerValue]:
        """The value of every lookup."""
        return {lookup: self._read(lookup) for lookup in self._lookups}

    def _read(self, lookup: Lookup) -> ContainerValue:
        consumer = lookup.consumer
        if not consumer.path_known:
            return ContainerValue(unknown=f"the file below {consumer.path} is mounted by a subPathExpr")
        if consumer.source_type != ENVIRONMENT:
            return self._file(consumer.path)
        processes = ["self"] if lookup.shares_processes else ["1", "self"]
        environ = ContainerValue()
        for process in processes:
            environ = self._file(f"/proc/{process}/environ")
            value = environment_variable(environ.value or b"", consumer.path)
            if value is not None:
                return ContainerValue(value)
        return ContainerValue(unknown=environ.unknown) if environ.unknown or lookup.shares_processes else self._of_descendants(consumer.path)

    def _of_descendants(self, variable: str) -> ContainerValue:
        """The variable of the processes below process 1. Where they can't be read, it is unknown if process 1 is a shell, and missing otherwise."""
        children = self._children("1")
        unreadable, waiting = children is None, children or []
        for _process in range(MAX_PROCESSES):
            if not waiting:
                break
            process = waiting.pop(0)
            environ = self._file(f"/proc/{process}/environ")
            value = environment_variable(environ.value or b"", variable)
            if value is not None:
                return ContainerValue(value)
            unreadable = unreadable or bool(environ.unknown)
            waiting += self._children(process) or []
        return ContainerValue(unknown=self._why_unknown() if unreadable else "")

    def _why_unknown(self) -> str:
        """Why the processes below process 1 may have a variable that could not be read; "" where it does not set variables."""
        first = (self._file("/proc/1/comm").value or b"").strip().decode(errors="replace")
        return f"its process 1 is {first}, and the variables of the processes that it has started can't be read" if first in SHELLS else ""

    def _children(self, process: str) -> list[str] | None:
        """The processes that a process has started; None where the kernel does not list them."""
        listed = self._file(f"/proc/{process}/task/{process}/children").value
        return None if listed is None else listed.decode(errors="replace").split()

    def _file(self, path: str) -> ContainerValue:
        if path not in self._files:
            try:
                self._files[path] = self._print(path)
            except (ApiError, Unreachable, TimeoutError) as error:
                self._files[path] = ContainerValue(unknown=f"the command in the container failed: {error}")
        return self._files[path]

    def _print(self, path: str) -> ContainerValue:
        first = self._lookups[0]
        for program in PROGRAMS:
            done = execute(self._cluster, first.pod, first.namespace, first.consumer.container, [*program, path], timeout=TIMEOUT)
            if done.code == 0:
                return ContainerValue(done.stdout)
            if not done.is_missing:
                absent = b"ENOENT" in done.stderr or b"No such file" in done.stderr
                return ContainerValue() if absent else ContainerValue(unknown=f"{path} can't be read in the container")
        return ContainerValue(unknown="the container has none of cat, python3, python and node to read it with")


def environment_variable(environ: bytes, name: str) -> bytes | None:
    """A variable in /proc/<pid>/environ, where each entry ends with NUL."""
    prefix = name.encode() + b"="
    return next((entry[len(prefix) :] for entry in environ.split(b"\0") if entry.startswith(prefix)), None)


def require_exec(cluster: Cluster, lookups: list[Lookup]) -> None:
    """Raises RunbookError naming the permissions for exec that this user lacks."""
    for namespace in sorted({lookup.namespace for lookup in lookups}):
        missing = [f"{verb} pods/exec" for verb in EXEC_VERBS if not cluster.can(verb, "Pod", namespace, subresource="exec")]
        if missing:
            raise not_allowed(" and ".join(missing), namespace, "to read values from running containers", missing=missing)
