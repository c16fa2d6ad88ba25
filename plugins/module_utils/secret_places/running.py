# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What running containers really have: their environment and their files, asked with a program that the container brings.

The environment is that of process 1, as an entrypoint may have set more than the pod's spec says, and where that can't be read,
or lacks the variable, the one with which a new process starts in the container.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.runbook.minikube.plugins.module_utils.cluster.client import ApiError, Cluster, Unreachable
from ansible_collections.runbook.minikube.plugins.module_utils.cluster.exec import execute
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.readers import ENVIRONMENT, Reading

TIMEOUT = 15  # seconds for one answer
AT_ONCE = 8  # containers that are asked at the same time
EXEC_VERBS = ("get", "create")  # a WebSocket is opened by GET; from Kubernetes 1.35 on it takes the right to create as well
PYTHON = "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
NODE = "process.stdout.write(require('fs').readFileSync(process.argv[1]))"
PROGRAMS = (["cat"], ["python3", "-c", PYTHON], ["python", "-c", PYTHON], ["node", "-e", NODE])  # each prints the file named last


@dataclass(frozen=True)
class Seen:
    """What a container has: a value, none (``value`` is None and ``unknown`` is empty), or why that is not known."""

    value: bytes | None = field(default=None, repr=False)
    unknown: str = ""


@dataclass(frozen=True)
class Asked:
    """One question: a reading in a pod. ``declared``: whether the container's spec names the variable."""

    namespace: str
    pod: str
    shares_processes: bool
    reading: Reading
    declared: bool = True


def asked_of(pod: dict, reading: Reading, declared: bool = True) -> Asked:
    """The question about a pod as the API sends it."""
    metadata, spec = pod["metadata"], pod["spec"]
    shares = bool(spec.get("shareProcessNamespace") or spec.get("hostPID"))
    return Asked(metadata["namespace"], metadata["name"], shares, reading, declared)


def runs(pod: dict, container: str) -> bool:
    """Whether that container of the pod runs."""
    status = pod.get("status") or {}
    found = [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]
    return any(one["name"] == container and "running" in (one.get("state") or {}) for one in found)


def look(cluster: Cluster, questions: list[Asked]) -> dict[Asked, Seen]:
    """Asks the containers, some at a time, and each container's files once. Raises RunbookError where exec is not allowed."""
    require_exec(cluster, questions)
    by_container: dict[tuple, list[Asked]] = {}
    for question in questions:
        by_container.setdefault((question.namespace, question.pod, question.reading.container), []).append(question)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda group: Container(cluster, group).answers(), by_container.values()))
    return {question: seen for found in answers for question, seen in found.items()}


class Container:
    """One container while its questions are answered."""

    def __init__(self, cluster: Cluster, questions: list[Asked]):
        self._cluster = cluster
        self._questions = questions
        self._read: dict[str, Seen] = {}

    def answers(self) -> dict[Asked, Seen]:
        """Every question with what was seen."""
        return {question: self._answer(question) for question in self._questions}

    def _answer(self, question: Asked) -> Seen:
        reading = question.reading
        if not reading.known:
            return Seen(unknown=f"the file below {reading.where} is named by a subPathExpr")
        if reading.how != ENVIRONMENT:
            return self._file(reading.where)
        processes = ["self"] if question.shares_processes else ["1", "self"]
        seen = Seen()
        for process in processes:
            seen = self._file(f"/proc/{process}/environ")
            value = variable_of(seen.value or b"", reading.where)
            if value is not None:
                return Seen(value)
        return Seen(unknown=seen.unknown)

    def _file(self, path: str) -> Seen:
        if path not in self._read:
            try:
                self._read[path] = self._print(path)
            except (ApiError, Unreachable, TimeoutError) as error:
                self._read[path] = Seen(unknown=f"the container can't be asked: {error}")
        return self._read[path]

    def _print(self, path: str) -> Seen:
        first = self._questions[0]
        for program in PROGRAMS:
            done = execute(self._cluster, first.pod, first.namespace, first.reading.container, [*program, path], timeout=TIMEOUT)
            if done.code == 0:
                return Seen(done.stdout)
            if not done.is_missing:
                return Seen() if b"ENOENT" in done.stderr or b"No such file" in done.stderr else Seen(unknown=f"{path} can't be read there")
        return Seen(unknown="the container has none of cat, python3, python and node to be asked with")


def variable_of(environ: bytes, name: str) -> bytes | None:
    """A variable out of /proc/<pid>/environ, where each is ended by a NUL."""
    wanted = name.encode() + b"="
    return next((entry[len(wanted) :] for entry in environ.split(b"\0") if entry.startswith(wanted)), None)


def require_exec(cluster: Cluster, questions: list[Asked]) -> None:
    """Raises RunbookError naming the permissions that it takes to ask, and that this user lacks."""
    for namespace in sorted({question.namespace for question in questions}):
        missing = [f"{verb} pods/exec" for verb in EXEC_VERBS if not cluster.can(verb, "Pod", namespace, subresource="exec")]
        if missing:
            raise RunbookError(
                f"This user may not {' and '.join(missing)} in namespace {namespace}, which is needed to see what running containers have. "
                "Allow get and create on pods/exec with a Role and a RoleBinding, or run as a user who may.",
                missing_permissions=missing,
            )
