# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries a plan out, and sees with its own eyes that the cluster serves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.claim import write_claim
from ansible_collections.runbook.minikube.plugins.module_utils.profile.engine import Engine
from ansible_collections.runbook.minikube.plugins.module_utils.profile.files import profile_trees, remove, remove_files
from ansible_collections.runbook.minikube.plugins.module_utils.profile.minikube import Minikube, StartOptions
from ansible_collections.runbook.minikube.plugins.module_utils.profile.observe import note_if_ready, observe, wait_for_no_problems
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Plan, Profile

SETTLE_SECONDS = 120  # after minikube's start, until node, DNS and storage are ready
_POLL_SECONDS = 1
_HOLDER = "process "  # how the text of a lock file begins
# In the node's volume, and by the same names in minikube's home.
_CERTIFICATES = "lib/minikube/certs"
_AUTHORITIES = ("ca.crt", "ca.key", "proxy-client-ca.crt", "proxy-client-ca.key")
_CONFIGURATION_NOTE = "tmp/minikube/kubeadm.yaml"  # in the node's volume: the configuration that the container before had


@contextlib.contextmanager
def sole_user(profile: Profile, wait: int):
    """Holds the profile's lock, also in the minikube processes that outlive a killed run; yields the open file."""
    profile.claims.mkdir(parents=True, exist_ok=True)
    with open(profile.claims / f"{profile.name}.lock", "a+", encoding="utf-8", errors="replace") as file:
        _refuse_foreign(file)
        _take(file, profile, wait)
        file.truncate(0)
        file.write(f"{_HOLDER}{os.getpid()} since {datetime.now().astimezone():%H:%M:%S}")
        file.flush()
        yield file.fileno()


def _refuse_foreign(file) -> None:
    file.seek(0)
    if not (beginning := file.read(len(_HOLDER))).startswith(_HOLDER[: len(beginning)]):
        raise RunbookError(
            f"The file {file.name} is none of this collection's, and the profile's lock would take its place. It is left alone. "
            "Name another folder (option claims), or move the file away."
        )


def _take(file, profile: Profile, wait: int) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.seek(0)
                holder = file.read() or "another run"
                raise RunbookError(f"The profile {profile.name} is being changed by {holder}; waited {wait} s (option lock_timeout).") from None
            time.sleep(_POLL_SECONDS)


def apply(plan: Plan, minikube: Minikube, engine: Engine, options: StartOptions, timeout: int) -> None:
    """Does the plan's actions in order. Raises RunbookError with the cause where the profile does not get there."""
    profile = minikube.profile
    steps = {
        "start": lambda action: _start(minikube, engine, options, timeout, action.claims),
        "stop": lambda _action: minikube.stop(),
        "unmake": lambda _action: _unmake(profile, engine),
        "renew_node": lambda action: _renew_node(profile, engine, action.image),
        "remove_container": lambda _action: engine.remove("container", profile.name, "--force"),
        "remove_from_engine": lambda _action: _remove_from_engine(profile, engine),
        "remove_files": lambda _action: remove_files(profile, plan.removal),
    }
    for action in plan.actions:
        steps[action.kind](action)


def _start(minikube: Minikube, engine: Engine, options: StartOptions, timeout: int, claims: bool) -> None:
    """Starts, and remembers the container that was seen ready. A cluster that somebody else made stays theirs."""
    profile = minikube.profile
    if claims:
        write_claim(profile)
    failure = _start_once(minikube, options, timeout)
    if failure:
        raise RunbookError(
            f"The profile {profile.name} does not start. {failure}\nIts data is untouched. Look at `minikube logs -p {profile.name}` "
            f"with MINIKUBE_HOME={profile.home}; state: absent removes the profile, and its data."
        )
    note_if_ready(profile, observe(profile, engine))


def _start_once(minikube: Minikube, options: StartOptions, timeout: int) -> str:
    """Starts and waits until the cluster can be used; "" or why it can't."""
    failure = minikube.start(options, timeout)
    problems = wait_for_no_problems(minikube.profile, 5 if failure else SETTLE_SECONDS)
    if not problems:
        return ""
    return "; ".join(problems) + (f"\nminikube's last lines:\n{failure}" if failure else "")


def _renew_node(profile: Profile, engine: Engine, image: str) -> None:
    """Lets minikube configure the node of an old volume anew, and with the certificate authority that signed what is in it."""
    folder = profile.folder
    if not (folder / "ca.key").exists():
        folder.mkdir(parents=True, exist_ok=True)
        engine.copy_from_volume(profile.name, [f"{_CERTIFICATES}/{name}" for name in _AUTHORITIES], image, folder)
    engine.remove_in_volume(profile.name, _CONFIGURATION_NOTE, image)


def _unmake(profile: Profile, engine: Engine) -> None:
    """Removes a profile that never served, but not the programs and images that lie ready in its home."""
    _remove_from_engine(profile, engine)
    for tree in profile_trees(profile):
        remove(tree)


def _remove_from_engine(profile: Profile, engine: Engine) -> None:
    """Removes what carries the profile's name in the engine."""
    engine.remove("container", profile.name, "--force", "--volumes")
    engine.remove("volume", profile.name, "--force")
    engine.remove("network", profile.name)


def verify(profile: Profile, engine: Engine, plan: Plan, state: str) -> None:
    """Sees that the profile is as it should be. Raises RunbookError where it is not."""
    if state == "absent":
        _verify_absence(profile, engine, plan)
        return
    problems = observe(profile, engine).problems
    if problems:
        raise RunbookError(f"The profile {profile.name} runs, but {'; '.join(problems)}.")


def _verify_absence(profile: Profile, engine: Engine, plan: Plan) -> None:
    removed = {action.kind for action in plan.actions} & {"remove_from_engine"}
    left = [kind for kind in ("container", "volume", "network") if removed and engine.inspect(kind, profile.name)]
    left += [str(path) for path in (*plan.removal.paths, *plan.removal.records) if os.path.lexists(path)]
    if left:
        raise RunbookError(f"The profile {profile.name} was removed, yet there is still its {' and '.join(left)}.")
