# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the observed state of a profile to the actions. Pure."""

from __future__ import annotations

from ..errors import NOTHING_CHANGED, RunbookError
from .model import FileRemoval, ObservedProfile, ProfileAction, ProfilePlan

_NAME_OPTION = "option name; local_cluster_profile"
_HOME_OPTION = "option minikube_home; local_cluster_state_dir"


def make_plan(observed: ObservedProfile, name: str, state: str, runtime: str, version: str, removal: FileRemoval = FileRemoval()) -> ProfilePlan:
    """The actions that bring a profile to ``state``; ``removal`` is for V(absent).

    Raises RunbookError if home or container belong to another profile, or the runtime differs.
    """
    _require_own_home(observed, name)
    _require_own_container(observed, name)
    if state == "absent":
        _require_managed(observed, name)
        return ProfilePlan(_removal(observed, removal), removal=removal)
    _require_runtime(observed, name, runtime)
    if state == "restarted" and observed.container == "running" and observed.config:
        stop = (ProfileAction("stop", "a restart was requested"),)
        return ProfilePlan((*stop, _start(observed, "a restart was requested")), observed.problems)
    return _presence(observed, version)


def _presence(observed: ObservedProfile, version: str) -> ProfilePlan:
    reasons = _start_reasons(observed, version)
    if not reasons:
        return ProfilePlan(ready_components=observed.ready_components)
    return ProfilePlan((*_preparation(observed), _start(observed, "; ".join(reasons))), reasons)


def _start(observed: ObservedProfile, reason: str) -> ProfileAction:
    return ProfileAction("start", reason, take_ownership=observed.managed)


def _preparation(observed: ObservedProfile) -> tuple[ProfileAction, ...]:
    """The actions before a start. A profile that was never ready contains no data, and is recreated."""
    if not observed.was_ready:
        unfinished = observed.container or observed.config or observed.volume
        return (ProfileAction("delete_unfinished", "it was never ready, so it contains no data"),) if unfinished else ()
    lost = observed.container and not observed.config
    removal = (ProfileAction("remove_container", "minikube's configuration of the profile is missing"),) if lost else ()
    # Minikube assumes that a new container on an existing volume is a configured node, and waits in vain.
    new = observed.volume and observed.image and (lost or not observed.configured)
    return (*removal, *((ProfileAction("reconfigure_node", "its container is new, but its volume is not", observed.image),) if new else ()))


def _start_reasons(observed: ObservedProfile, version: str) -> tuple[str, ...]:
    if not observed.container and not observed.config:
        return ("it does not exist",)
    if not observed.container:
        return ("its container does not exist",)
    if not observed.config:
        return ("minikube's configuration of it is missing",)
    if observed.container != "running":
        return (f"its container is {observed.container}",)
    running = observed.config.get("KubernetesConfig", {}).get("KubernetesVersion", "")
    if version and version != running:
        return (f"Kubernetes is {running}, requested is {version}",)
    return observed.problems


def _removal(observed: ObservedProfile, removal: FileRemoval) -> tuple[ProfileAction, ...]:
    existing = {"container": observed.container, "volume": observed.volume, "network": observed.network}
    objects = tuple(kind for kind, exists in existing.items() if exists and observed.has_record)
    engine = (ProfileAction("remove_engine_objects", "they exist" if len(objects) > 1 else "it exists", objects=objects),) if objects else ()
    return (*engine, *((ProfileAction("remove_files", "nothing else needs them"),) if removal else ()))


def _require_own_home(observed: ObservedProfile, name: str) -> None:
    if observed.other_owner:
        raise RunbookError(
            f"The folder in minikube_home belongs to the profile {observed.other_owner}, not to {name}. {NOTHING_CHANGED} "
            f"Use another folder for {name} ({_HOME_OPTION}), or set the name of the other profile ({_NAME_OPTION})."
        )


def _require_managed(observed: ObservedProfile, name: str) -> None:
    if observed.other_home:
        raise RunbookError(
            f"The files of the profile {name} are in {observed.other_home}, but minikube_home is another folder. Nothing was removed. "
            f"Set it to that folder ({_HOME_OPTION})."
        )
    if not observed.managed:
        raise RunbookError(
            f"The profile {name} was not created by this module: it has no ownership record in minikube_home or ownership_dir. Nothing was removed. "
            f"Remove it with Minikube itself, with MINIKUBE_HOME set to its home: minikube delete -p {name}"
        )


def _require_own_container(observed: ObservedProfile, name: str) -> None:
    if observed.container and not observed.config and not observed.owns_container:
        raise RunbookError(
            f"The container {name} exists, but was not created for this profile (it may belong to another Minikube profile of the same name). "
            f"It was left unchanged. Choose another name ({_NAME_OPTION}), or remove the container yourself: docker rm -f {name}"
        )


def _require_runtime(observed: ObservedProfile, name: str, runtime: str) -> None:
    present = (observed.config or {}).get("KubernetesConfig", {}).get("ContainerRuntime", "")
    if runtime and present and present != runtime:
        raise RunbookError(
            f"The profile {name} has the container runtime {present}, but {runtime} is requested; Minikube cannot change it. "
            f"Choose another name ({_NAME_OPTION}), or remove the profile and its data first (state: absent)."
        )
