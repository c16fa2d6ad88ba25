# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Minikube's configuration of a profile, read from its files without running the program."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import RunbookError


@dataclass(frozen=True)
class MinikubeProfile:
    """A Minikube profile. ``folder`` is Minikube's own folder, with certificates and profiles."""

    name: str
    driver: str
    runtime: str
    nodes: int
    folder: Path


def minikube_folder(home: str | None) -> Path:
    """The folder that Minikube uses if MINIKUBE_HOME is ``home`` (None: not set). Minikube itself appends ``.minikube``."""
    if not home:
        return Path.home() / ".minikube"
    path = Path(os.path.expanduser(home)).absolute()
    return path if path.name == ".minikube" else path / ".minikube"


def read_profile(name: str, home: str | None) -> MinikubeProfile:
    """Reads the profile ``name``. Raises RunbookError where it does not exist, naming those that do."""
    folder = minikube_folder(home)
    config = folder / "profiles" / name / "config.json"
    try:
        return parse_profile(name, config.read_text(encoding="utf-8"), folder)
    except FileNotFoundError:
        raise RunbookError(_no_such_profile(name, folder)) from None
    except (OSError, ValueError) as error:
        raise RunbookError(
            f"The profile {name} cannot be read from {config}: {error}. Restore it, or remove the profile with: minikube delete -p {name}"
        ) from None


def parse_profile(name: str, text: str, folder: Path) -> MinikubeProfile:
    """The profile in the text of a config.json. Raises ValueError where it is invalid."""
    config = json.loads(text)
    if not isinstance(config, dict) or not config.get("Driver"):
        raise ValueError("it has no driver")
    kubernetes = config.get("KubernetesConfig") or {}
    runtime = kubernetes.get("ContainerRuntime") or "docker"  # missing in profiles of old versions
    return MinikubeProfile(name, config["Driver"], runtime, len(config.get("Nodes") or [None]), folder)


def _no_such_profile(name: str, folder: Path) -> str:
    names = sorted(path.parent.name for path in folder.glob("profiles/*/config.json"))
    known = f"Existing profiles: {', '.join(names)}." if names else "It contains no profile."
    return (
        f"The Minikube profile {name} does not exist in {folder}. {known} "
        f"Set the option profile (or minikube_home), or create it with: minikube start -p {name}"
    )
