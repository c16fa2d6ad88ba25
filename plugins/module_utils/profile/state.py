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
    def claim_file(self) -> Path:
        """Our record that a container of this name is the profile's."""
        return self.claims / f"{self.name}.json"


@dataclass(frozen=True)
class Observed:
    """A profile as it was found.

    ``container`` is the engine's word for its state, "" where there is none. ``config`` is minikube's record, None where it
    is missing or torn. ``claimed`` says that the container is ours by our own record, ``served`` that the cluster was once
    seen ready. ``problems`` are the reasons why the cluster can't be used now, as sentences.
    """

    container: str = ""
    volume: bool = False
    network: bool = False
    config: dict | None = None
    files: bool = False
    claimed: bool = False
    served: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Action:
    """One step: ``kind`` is a key of _WORDS, ``why`` completes the sentence."""

    kind: str
    why: str

    def sentence(self, name: str) -> str:
        """The step as a person reads it."""
        return f"{_WORDS[self.kind].format(name=name)}: {self.why}"


@dataclass(frozen=True)
class Plan:
    """What to do, in order, and what was found wrong."""

    actions: tuple[Action, ...] = ()
    problems: tuple[str, ...] = field(default=())


_WORDS = {
    "start": "start the profile {name}",
    "stop": "stop the profile {name}",
    "delete": "delete the profile {name}",
    "remove_container": "remove the container {name}, keeping its volume",
    "remove_leftovers": "remove the container, volume and network {name}",
    "remove_files": "remove the files of the profile {name}",
}
