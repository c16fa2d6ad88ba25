# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies a plan, and verifies that the cluster is ready."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from datetime import datetime

from ..errors import RunbookError
from ..write_guard import WRITES
from .docker_cli import DockerCli
from .files import profile_trees, remove, remove_files
from .minikube import Minikube, StartOptions
from .model import Profile, ProfilePlan
from .observe import observe, record_if_ready, wait_until_usable
from .ownership import write_record

READY_TIMEOUT = 120  # seconds after minikube's start until node, DNS and storage are ready
_POLL_INTERVAL = 1  # seconds
_LOCK_PREFIX = "process "  # the beginning of a lock file's content
# In the node's volume, and by the same names in minikube's home.
_CERTIFICATES = "lib/minikube/certs"
_AUTHORITIES = ("ca.crt", "ca.key", "proxy-client-ca.crt", "proxy-client-ca.key")
_KUBEADM_CONFIG = "tmp/minikube/kubeadm.yaml"  # in the node's volume: the configuration of the previous container


@contextlib.contextmanager
def profile_lock(profile: Profile, timeout: int):
    """Holds the profile's lock, even in minikube processes that outlive a killed run. Yields the open file."""
    profile.ownership_dir.mkdir(parents=True, exist_ok=True)
    with open(profile.ownership_dir / f"{profile.name}.lock", "a+", encoding="utf-8", errors="replace") as file:
        _require_lock_file(file)
        _acquire(file, profile, timeout)
        file.truncate(0)
        file.write(f"{_LOCK_PREFIX}{os.getpid()} since {datetime.now().astimezone():%H:%M:%S}")
        file.flush()
        yield file.fileno()


def _require_lock_file(file) -> None:
    file.seek(0)
    if not (beginning := file.read(len(_LOCK_PREFIX))).startswith(_LOCK_PREFIX[: len(beginning)]):
        raise RunbookError(
            f"{file.name} exists, but is not a lock file of this collection. It was left unchanged. "
            "Move it, or use another folder (option ownership_dir)."
        )


def _acquire(file, profile: Profile, timeout: int) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.seek(0)
                holder = file.read() or "another run"
                raise RunbookError(
                    f"The profile {profile.name} is being changed by {holder}; gave up after {timeout} s. Run again when it has ended, or raise lock_timeout."
                ) from None
            time.sleep(_POLL_INTERVAL)


def apply(plan: ProfilePlan, minikube: Minikube, docker: DockerCli, options: StartOptions, timeout: int) -> None:
    """Runs the plan's actions in order. Raises RunbookError with the cause where one fails."""
    profile = minikube.profile
    steps = {
        "start": lambda action: _start(minikube, docker, options, timeout, action.take_ownership),
        "stop": lambda _action: minikube.stop(),
        "delete_unfinished": lambda _action: _delete_unfinished(profile, docker),
        "reconfigure_node": lambda action: _reconfigure_node(profile, docker, action.image),
        "remove_container": lambda _action: docker.remove("container", profile.name, "--force"),
        "remove_engine_objects": lambda _action: _remove_engine_objects(profile, docker),
        "remove_files": lambda _action: remove_files(profile, plan.removal),
    }
    for action in plan.actions:
        WRITES.before_write()
        steps[action.kind](action)


def _start(minikube: Minikube, docker: DockerCli, options: StartOptions, timeout: int, take_ownership: bool) -> None:
    """Starts the profile, and records a ready container. A cluster that was created with Minikube alone is not recorded as ours."""
    profile = minikube.profile
    if take_ownership:
        write_record(profile)
    failure = _start_and_wait(minikube, options, timeout)
    if failure:
        raise RunbookError(
            f"The profile {profile.name} did not start. {failure}\nIts data is unchanged. Check `minikube logs -p {profile.name}` "
            f"with MINIKUBE_HOME={profile.minikube_home}; state: absent removes the profile and its data."
        )
    record_if_ready(profile, observe(profile, docker))


def _start_and_wait(minikube: Minikube, options: StartOptions, timeout: int) -> str:
    """Starts the profile and waits until the cluster can be used; "" or the failure."""
    failure = minikube.start(options, timeout)
    problems = wait_until_usable(minikube.profile, 5 if failure else READY_TIMEOUT)
    if not problems:
        return ""
    return "; ".join(problems) + (f"\nminikube's last lines:\n{failure}" if failure else "")


def _reconfigure_node(profile: Profile, docker: DockerCli, image: str) -> None:
    """Makes minikube configure the node of an existing volume again, with the certificate authority that issued its certificates."""
    folder = profile.folder
    if not (folder / "ca.key").exists():
        folder.mkdir(parents=True, exist_ok=True)
        docker.copy_from_volume(profile.name, [f"{_CERTIFICATES}/{name}" for name in _AUTHORITIES], image, folder)
    docker.remove_in_volume(profile.name, _KUBEADM_CONFIG, image)


def _delete_unfinished(profile: Profile, docker: DockerCli) -> None:
    """Deletes a profile that was never ready, but not the programs and images in its home."""
    _remove_engine_objects(profile, docker)
    for tree in profile_trees(profile):
        remove(tree)


def _remove_engine_objects(profile: Profile, docker: DockerCli) -> None:
    """Removes the objects of the engine that have the profile's name."""
    docker.remove("container", profile.name, "--force", "--volumes")
    docker.remove("volume", profile.name, "--force")
    docker.remove("network", profile.name)


def verify(profile: Profile, docker: DockerCli, plan: ProfilePlan, state: str) -> None:
    """Reads the profile again. Raises RunbookError where it does not have the requested state."""
    if state == "absent":
        _verify_absence(profile, docker, plan)
        return
    problems = observe(profile, docker).problems
    if problems:
        raise RunbookError(f"The profile {profile.name} is running, but {'; '.join(problems)}.")


def _verify_absence(profile: Profile, docker: DockerCli, plan: ProfilePlan) -> None:
    removed = {action.kind for action in plan.actions} & {"remove_engine_objects"}
    remaining = [kind for kind in ("container", "volume", "network") if removed and docker.inspect(kind, profile.name)]
    remaining += [str(path) for path in (*plan.removal.paths, *plan.removal.records) if os.path.lexists(path)]
    if remaining:
        raise RunbookError(f"The profile {profile.name} was removed, but these still exist: {', '.join(remaining)}.")
