# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a Minikube profile, and what is to be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Profile:
    """Where a profile lives. ``claims`` is a folder outside ``home`` that remembers which containers are ours."""

    name: str
    home: Path
    kubeconfig: Path
    claims: Path

    @property
    def config_file(self) -> Path:
        """Minikube's own record of the profile."""
        return self.home / ".minikube" / "profiles" / self.name / "config.json"

    @property
    def claim_files(self) -> tuple[Path, Path]:
        """Our record of the container and of what it has been, in two places, as either folder may be removed by somebody."""
        return self.claims / f"{self.name}.json", self.home / "claim.json"


@dataclass(frozen=True)
class Observed:
    """A profile as it was found.

    ``container`` is the engine's word for its state, "" where there is none; ``image`` is the node's. ``config`` is minikube's
    record, None where it is missing or torn. ``claimed`` says that the container is ours by our own record. ``served`` says
    that the cluster was once seen ready, so that its volume may hold data; ``noted`` that our record knows this container as
    ready; ``configured`` that the container has the files by which its kubelet knows the cluster.
    ``problems`` are the reasons why the cluster can't be used now, as sentences; ``serving`` the parts of the system with a ready pod.
    """

    container: str = ""
    container_id: str = ""
    image: str = ""
    volume: bool = False
    network: bool = False
    config: dict | None = None
    files: bool = False
    claimed: bool = False
    served: bool = False
    noted: bool = False
    configured: bool = False
    problems: tuple[str, ...] = ()
    serving: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether the cluster can be used."""
        return self.container == "running" and self.config is not None and not self.problems


@dataclass(frozen=True)
class Action:
    """One step: ``kind`` is a key of _WORDS, ``why`` completes the sentence, ``image`` is what renew_node uses."""

    kind: str
    why: str
    image: str = ""

    def sentence(self, name: str) -> str:
        """The step as a person reads it."""
        return f"{_WORDS[self.kind].format(name=name)}: {self.why}"


@dataclass(frozen=True)
class Plan:
    """What to do, in order, what was found wrong, and which parts of the system serve as it was found."""

    actions: tuple[Action, ...] = ()
    problems: tuple[str, ...] = field(default=())
    serving: tuple[str, ...] = field(default=())


_WORDS = {
    "start": "start the profile {name}",
    "stop": "stop the profile {name}",
    "unmake": "remove the unfinished profile {name}",
    "renew_node": "have the node of {name} configured anew, with its data",
    "remove_container": "remove the container {name}, keeping its volume",
    "remove_from_engine": "remove the container, volume and network {name}",
    "remove_files": "remove the files of the profile {name}",
}
