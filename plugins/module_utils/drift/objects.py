# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What applying an object would change, as a sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.runbook.minikube.plugins.module_utils.manifests.compare import CHANGE, CREATE, REFUSED, Trial, compared

SHOWN = 3  # paths that a sentence names


def says(trial: Trial) -> str:
    """What the apply would do, without values, "" for nothing."""
    if trial.action == CHANGE:
        return _changes(trial)
    return {CREATE: "is not there", REFUSED: trial.refusal}.get(trial.action, "")


def _changes(trial: Trial) -> str:
    paths = list(differences(compared(trial.before), compared(trial.after)))
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return f"differs in {', '.join(paths[:SHOWN])}{more}"


def differences(one, other, path: str = "") -> Iterator[str]:
    """The paths of all values that two objects do not share, as spec.template.spec.containers[0].image."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other)):
            yield from differences(*pair, f"{path}[{index}]")
    elif one != other:
        yield path
