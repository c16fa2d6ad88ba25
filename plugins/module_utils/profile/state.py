# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a Minikube profile, and what is to be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.engine.profile import minikube_folder


@dataclass(frozen=True)
class Profile:
    """Where a profile lives. ``claims`` is a folder outside ``home`` that remembers which containers are ours."""

    name: str
    home: Path
    kubeconfig: Path
    claims: Path

    @property
    def folder(self) -> Path:
        """Minikube's own folder in the home."""
        return minikube_folder(str(self.home))

    @property
    def config_file(self) -> Path:
        """Minikube's own record of the profile."""
        return self.folder / "profiles" / self.name / "config.json"

    @property
    def record_file(self) -> Path:
        """What the role local_cluster handed over last."""
        return self.home / "local_cluster.json"

    @property
    def claim_files(self) -> tuple[Path, Path]:
        """Our record of the container and of what it has been, in two places, as either folder may be removed by somebody."""
        return self.claims / f"{self.name}.json", self.home / "claim.json"


@dataclass(frozen=True)
class Observed:
    """A profile as it was found.

    ``container`` is the engine's word for its state, "" where there is none; ``image`` is the node's. ``config`` is minikube's
    record, None where it is missing or torn. ``has_claim`` says that our own record knows the profile, ``own_home`` that the home is the
    profile's own, ``claimed`` that the container is ours by our record. ``other_owner`` is the profile that the home belongs to instead,
    ``moved_from`` the home in which the profile's files are instead. ``served`` says that the cluster was once seen ready, so that its volume
    may hold data; ``noted`` that our record knows this container as ready; ``configured`` that the container has the files by which its
    kubelet knows the cluster.
    ``problems`` are the reasons why the cluster can't be used now, as sentences; ``serving`` the parts of the system with a ready pod.
    """

    container: str = ""
    container_id: str = ""
    image: str = ""
    volume: bool = False
    network: bool = False
    config: dict | None = None
    has_claim: bool = False
    own_home: bool = False
    other_owner: str = ""
    moved_from: str = ""
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

    @property
    def ours(self) -> bool:
        """Whether the container, if there is one, was made by us: a cluster that somebody made with Minikube alone stays theirs."""
        return not self.container or self.claimed or (self.has_claim and self.own_home and self.config is not None)


@dataclass(frozen=True)
class Action:
    """One step: ``kind`` is a key of _WORDS, ``why`` completes the sentence, ``image`` is what renew_node uses.

    ``parts`` are what remove_from_engine removes; ``claims`` says whether what start makes becomes ours.
    """

    kind: str
    why: str
    image: str = ""
    parts: tuple[str, ...] = ()
    claims: bool = True

    def sentence(self, name: str) -> str:
        """The step as a person reads it."""
        return f"{_WORDS[self.kind].format(name=name, parts=' and '.join(self.parts))}: {self.why}"


@dataclass(frozen=True)
class Removal:
    """What of a profile's files is removed, in order, and ``left``: what is in its home and is not known as the profile's.

    ``paths`` are files and the folders that Minikube fills, ``folders`` those that are empty then, ``records`` our own in the folder of
    claims. ``entries`` says that the profile's entries are taken out of a kubeconfig that stays.
    """

    paths: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    records: tuple[Path, ...] = ()
    entries: bool = False
    left: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.paths or self.folders or self.records or self.entries)


@dataclass(frozen=True)
class Plan:
    """What to do, in order, what was found wrong, and which parts of the system serve as it was found."""

    actions: tuple[Action, ...] = ()
    problems: tuple[str, ...] = field(default=())
    serving: tuple[str, ...] = field(default=())
    removal: Removal = field(default=Removal())


_WORDS = {
    "start": "start the profile {name}",
    "stop": "stop the profile {name}",
    "unmake": "remove the unfinished profile {name}",
    "renew_node": "have the node of {name} configured anew, with its data",
    "remove_container": "remove the container {name}, keeping its volume",
    "remove_from_engine": "remove the {parts} {name}",
    "remove_files": "remove the files of the profile {name}",
}
