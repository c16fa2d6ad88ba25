# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was found to what is done. Pure."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Action, Observed, Plan, Removal


def make_plan(observed: Observed, name: str, state: str, runtime: str, version: str, removal: Removal = Removal()) -> Plan:
    """The actions that bring a profile to ``state``; ``removal`` is for V(absent).

    Raises RunbookError where home or container are not the profile's, or it differs in kind.
    """
    _refuse_foreign_home(observed, name)
    _refuse_foreign(observed, name)
    if state == "absent":
        _refuse_what_is_not_ours(observed, name)
        return Plan(_removal(observed, removal), removal=removal)
    _refuse_other_runtime(observed, name, runtime)
    if state == "restarted" and observed.container == "running" and observed.config:
        stop = (Action("stop", "a restart is asked for"),)
        return Plan((*stop, _start(observed, "a restart is asked for")), observed.problems)
    return _presence(observed, version)


def _presence(observed: Observed, version: str) -> Plan:
    reasons = _reasons_to_start(observed, version)
    if not reasons:
        return Plan(serving=observed.serving)
    return Plan((*_preparation(observed), _start(observed, "; ".join(reasons))), reasons)


def _start(observed: Observed, why: str) -> Action:
    return Action("start", why, claims=observed.ours)


def _preparation(observed: Observed) -> tuple[Action, ...]:
    """What comes before a start. What never served holds no data, and is surely and quickly made anew."""
    if not observed.served:
        unfinished = observed.container or observed.config or observed.volume
        return (Action("unmake", "it was never ready, so nothing is lost"),) if unfinished else ()
    lost = observed.container and not observed.config
    removal = (Action("remove_container", "minikube has lost its record of the profile"),) if lost else ()
    # Minikube takes a new container on an old volume for a configured node, and waits in vain.
    new = observed.volume and observed.image and (lost or not observed.configured)
    return (*removal, *((Action("renew_node", "its container is new and its volume is not", observed.image),) if new else ()))


def _reasons_to_start(observed: Observed, version: str) -> tuple[str, ...]:
    if not observed.container and not observed.config:
        return ("it does not exist",)
    if not observed.container:
        return ("its container is gone",)
    if not observed.config:
        return ("minikube's record of it is gone",)
    if observed.container != "running":
        return (f"its container is {observed.container}",)
    running = observed.config.get("KubernetesConfig", {}).get("KubernetesVersion", "")
    if version and version != running:
        return (f"Kubernetes is {running}, wanted is {version}",)
    return observed.problems


def _removal(observed: Observed, removal: Removal) -> tuple[Action, ...]:
    found = {"container": observed.container, "volume": observed.volume, "network": observed.network}
    parts = tuple(kind for kind, there in found.items() if there and observed.has_claim)
    engine = (Action("remove_from_engine", "it exists", parts=parts),) if parts else ()
    return (*engine, *((Action("remove_files", "nothing else needs them"),) if removal else ()))


def _refuse_foreign_home(observed: Observed, name: str) -> None:
    if observed.other_owner:
        raise RunbookError(
            f"The folder that home names belongs to the profile {observed.other_owner}, not to {name}. Nothing was changed. "
            f"Give {name} a folder of its own (option home; local_cluster_state_dir), or name the other profile."
        )


def _refuse_what_is_not_ours(observed: Observed, name: str) -> None:
    if observed.moved_from:
        raise RunbookError(
            f"The profile {name} has its files in {observed.moved_from}, which home does not name. Nothing was removed. "
            "Name that folder (option home; local_cluster_state_dir)."
        )
    if not observed.ours:
        raise RunbookError(
            f"The profile {name} was not made by this module: no record in home or claims says so. Nothing was removed. "
            f"Remove it with Minikube itself, with MINIKUBE_HOME set to that home: minikube delete -p {name}"
        )


def _refuse_foreign(observed: Observed, name: str) -> None:
    if observed.container and not observed.config and not observed.claimed:
        raise RunbookError(
            f"A container named {name} exists that this profile did not make (another minikube profile of the same name, perhaps). "
            f"It is left alone. Choose another name (option profile), or remove it yourself: docker rm -f {name}"
        )


def _refuse_other_runtime(observed: Observed, name: str, runtime: str) -> None:
    present = (observed.config or {}).get("KubernetesConfig", {}).get("ContainerRuntime", "")
    if runtime and present and present != runtime:
        raise RunbookError(
            f"The profile {name} has the container runtime {present}, and {runtime} is asked for; minikube can't change it. "
            "Choose another name (option profile), or remove the profile first (state: absent), which loses its data."
        )
