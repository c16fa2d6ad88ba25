# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Minikube keeps on disk about a profile, read without starting its program."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError


@dataclass(frozen=True)
class Profile:
    """A Minikube profile. ``folder`` is Minikube's own folder, in which certificates and profiles lie."""

    name: str
    driver: str
    runtime: str
    nodes: int
    folder: Path


def minikube_folder(home: str | None) -> Path:
    """The folder that Minikube uses when MINIKUBE_HOME is ``home`` (None: not set). It adds ``.minikube`` itself."""
    if not home:
        return Path.home() / ".minikube"
    path = Path(os.path.expanduser(home)).absolute()
    return path if path.name == ".minikube" else path / ".minikube"


def read_profile(name: str, home: str | None) -> Profile:
    """Reads the profile ``name``. Raises RunbookError where there is none, naming those that exist."""
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


def parse_profile(name: str, text: str, folder: Path) -> Profile:
    """The profile that the text of a config.json describes. Raises ValueError where that is no such text."""
    config = json.loads(text)
    if not isinstance(config, dict) or not config.get("Driver"):
        raise ValueError("it names no driver")
    kubernetes = config.get("KubernetesConfig") or {}
    runtime = kubernetes.get("ContainerRuntime") or "docker"  # Minikube leaves it out in profiles of old versions
    return Profile(name, config["Driver"], runtime, len(config.get("Nodes") or [None]), folder)


def _no_such_profile(name: str, folder: Path) -> str:
    found = sorted(path.parent.name for path in folder.glob("profiles/*/config.json"))
    known = f"Profiles there: {', '.join(found)}." if found else "There is no profile at all."
    return (
        f"There is no Minikube profile {name} in {folder}. {known} "
        f"Set the option profile (or minikube_home), or create it with: minikube start -p {name}"
    )
