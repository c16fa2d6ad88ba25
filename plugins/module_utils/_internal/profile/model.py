# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Minikube profile: its location, its observed state, and the plan for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..clients.engine.profile import minikube_folder


@dataclass(frozen=True)
class Profile:
    """The location of a profile. ``ownership_dir`` is a folder outside ``minikube_home`` with records of which containers are ours."""

    name: str
    minikube_home: Path
    kubeconfig: Path
    ownership_dir: Path

    @property
    def folder(self) -> Path:
        """Minikube's own folder in its home."""
        return minikube_folder(str(self.minikube_home))

    @property
    def config_file(self) -> Path:
        """Minikube's configuration of the profile."""
        return self.folder / "profiles" / self.name / "config.json"

    @property
    def cluster_record(self) -> Path:
        """The result of the last run of the role local_cluster."""
        return self.minikube_home / "local_cluster.json"

    @property
    def ownership_files(self) -> tuple[Path, Path]:
        """The ownership record, in two places, as either folder may be deleted."""
        return self.ownership_dir / f"{self.name}.json", self.minikube_home / "claim.json"


@dataclass(frozen=True)
class ObservedProfile:
    """The observed state of a profile.

    ``container`` is the state of its container, "" where it does not exist; ``image`` is the node's image. ``config`` is Minikube's
    configuration, None where it is missing or truncated. ``has_record`` says that the profile has an ownership record,
    ``owns_home`` that the home belongs to the profile, ``owns_container`` that the container is ours by the ownership record.
    ``other_owner`` is the profile that the home belongs to instead, ``other_home`` the home that has the profile's files instead.
    ``was_ready`` says that the cluster was ready before, so that its volume may contain data; ``ready_recorded`` that the ownership record
    has this container as ready; ``configured`` that the container has the kubelet's configuration for the cluster.
    ``problems`` are the reasons why the cluster cannot be used now, as sentences; ``ready_components`` the system components with a ready pod.
    """

    container: str = ""
    container_id: str = ""
    image: str = ""
    volume: bool = False
    network: bool = False
    config: dict | None = None
    has_record: bool = False
    owns_home: bool = False
    other_owner: str = ""
    other_home: str = ""
    owns_container: bool = False
    was_ready: bool = False
    ready_recorded: bool = False
    configured: bool = False
    problems: tuple[str, ...] = ()
    ready_components: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether the cluster can be used."""
        return self.container == "running" and self.config is not None and not self.problems

    @property
    def managed(self) -> bool:
        """Whether the container, if there is one, is ours: a cluster that was created with Minikube alone is not."""
        return not self.container or self.owns_container or (self.has_record and self.owns_home and self.config is not None)


@dataclass(frozen=True)
class ProfileAction:
    """One step: ``kind`` is a key of _SENTENCES, ``reason`` completes the sentence, ``image`` is what reconfigure_node uses.

    ``objects`` are what remove_engine_objects removes; ``take_ownership`` says whether start records the profile as ours.
    """

    kind: str
    reason: str
    image: str = ""
    objects: tuple[str, ...] = ()
    take_ownership: bool = True

    def sentence(self, name: str) -> str:
        """The step as a sentence."""
        return f"{_SENTENCES[self.kind].format(name=name, objects=' and '.join(self.objects))}: {self.reason}"


@dataclass(frozen=True)
class FileRemoval:
    """The files of a profile to remove, in order, and ``remaining``: the files in its home that are not known to be the profile's.

    ``paths`` are files and the folders that Minikube fills, ``folders`` those that are empty then, ``records`` the ownership records in
    ``ownership_dir``. ``kubeconfig_entries`` says that the profile's entries are removed from a kubeconfig that is kept.
    """

    paths: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    records: tuple[Path, ...] = ()
    kubeconfig_entries: bool = False
    remaining: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.paths or self.folders or self.records or self.kubeconfig_entries)


@dataclass(frozen=True)
class ProfilePlan:
    """The actions, in order, the problems that were observed, and the system components with a ready pod."""

    actions: tuple[ProfileAction, ...] = ()
    problems: tuple[str, ...] = field(default=())
    ready_components: tuple[str, ...] = field(default=())
    removal: FileRemoval = field(default=FileRemoval())


_SENTENCES = {
    "start": "start the profile {name}",
    "stop": "stop the profile {name}",
    "delete_unfinished": "delete the unfinished profile {name}",
    "reconfigure_node": "reconfigure the node of {name}, keeping its data",
    "remove_container": "remove the container {name}, keeping its volume",
    "remove_engine_objects": "remove the {objects} {name}",
    "remove_files": "remove the files of the profile {name}",
}
