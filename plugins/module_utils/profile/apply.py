# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries a plan out, and sees with its own eyes that the cluster serves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from datetime import datetime

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.claim import drop_claim, write_claim
from ansible_collections.runbook.minikube.plugins.module_utils.profile.minikube import Minikube, StartOptions
from ansible_collections.runbook.minikube.plugins.module_utils.profile.observe import inspect, note_if_ready, observe, problems_now
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Plan, Profile

SETTLE_SECONDS = 120  # after minikube's start, until node, DNS and storage are ready
_POLL_SECONDS = 1


@contextlib.contextmanager
def sole_user(profile: Profile, wait: int):
    """Holds the profile's lock, also in the minikube processes that outlive a killed run; yields the open file."""
    profile.claims.mkdir(parents=True, exist_ok=True)
    with open(profile.claims / f"{profile.name}.lock", "a+", encoding="utf-8") as file:
        _take(file, profile, wait)
        file.truncate(0)
        file.write(f"process {os.getpid()} since {datetime.now().astimezone():%H:%M:%S}")
        file.flush()
        yield file.fileno()


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


def apply(plan: Plan, minikube: Minikube, options: StartOptions, timeout: int) -> None:
    """Does the plan's actions in order. Raises RunbookError with the cause where the profile does not get there."""
    steps = {
        "start": lambda _action: _start(minikube, options, timeout),
        "stop": lambda _action: minikube.stop(),
        "unmake": lambda _action: _unmake(minikube.profile),
        "renew_node": lambda action: _renew_node(minikube.profile, action.image),
        "remove_container": lambda _action: _docker("container", "rm", "--force", minikube.profile.name),
        "remove_from_engine": lambda _action: _remove_from_engine(minikube.profile),
        "remove_files": lambda _action: _remove_files(minikube.profile),
    }
    for action in plan.actions:
        steps[action.kind](action)


def _renew_node(profile: Profile, image: str) -> None:
    """Removes minikube's note, in the node's volume, of the configuration that the lost container had."""
    note = "/node/tmp/minikube/kubeadm.yaml"
    _docker("run", "--rm", "--network", "none", "--entrypoint", "rm", "--volume", f"{profile.name}:/node", image, "-f", note)


def _start(minikube: Minikube, options: StartOptions, timeout: int) -> None:
    """Starts, and remembers the container that was seen ready."""
    profile = minikube.profile
    write_claim(profile)
    failure = _start_once(minikube, options, timeout)
    if failure:
        raise RunbookError(
            f"The profile {profile.name} does not start. {failure}\nIts data is untouched. Look at `minikube logs -p {profile.name}` "
            f"with MINIKUBE_HOME={profile.home}; state: absent removes the profile, and its data."
        )
    note_if_ready(profile, observe(profile))


def _start_once(minikube: Minikube, options: StartOptions, timeout: int) -> str:
    """Starts and waits until the cluster can be used; "" or why it can't."""
    failure = minikube.start(options, timeout)
    deadline = time.monotonic() + (5 if failure else SETTLE_SECONDS)
    problems = problems_now(minikube.profile)
    while problems and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        problems = problems_now(minikube.profile)
    if not problems:
        return ""
    return "; ".join(problems) + (f"\nminikube's last lines:\n{failure}" if failure else "")


def _unmake(profile: Profile) -> None:
    """Removes a profile that never served, but not the programs and images that lie ready in its home."""
    _remove_from_engine(profile)
    for kind in ("profiles", "machines"):
        shutil.rmtree(profile.home / ".minikube" / kind / profile.name, ignore_errors=True)


def _remove_from_engine(profile: Profile) -> None:
    """Removes what carries the profile's name in the engine, and our claim to it."""
    for kind, *force in (("container", "--force", "--volumes"), ("volume", "--force"), ("network",)):
        _docker(kind, "rm", *force, profile.name)
    drop_claim(profile)


def _docker(*arguments: str) -> None:
    """Calls docker; that there is nothing to remove is no failure."""
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=120, check=False)
    text = result.stderr.lower()
    if result.returncode and "no such" not in text and "not found" not in text:
        raise RunbookError(f"`docker {' '.join(arguments)}` failed: {result.stderr.strip()}")


def _remove_files(profile: Profile) -> None:
    """Removes the profile's own folder and kubeconfig."""
    shutil.rmtree(profile.home)
    profile.kubeconfig.unlink(missing_ok=True)
    drop_claim(profile)


def verify(profile: Profile, plan: Plan, state: str) -> None:
    """Sees that the profile is as it should be. Raises RunbookError where it is not."""
    if state == "absent":
        _verify_absence(profile, plan)
        return
    problems = observe(profile).problems
    if problems:
        raise RunbookError(f"The profile {profile.name} runs, but {'; '.join(problems)}.")


def _verify_absence(profile: Profile, plan: Plan) -> None:
    removed = {action.kind for action in plan.actions} & {"remove_from_engine"}
    left = [kind for kind in ("container", "volume", "network") if removed and inspect(kind, profile.name)]
    left += ["home"] if profile.home.exists() else []
    if left:
        raise RunbookError(f"The profile {profile.name} was removed, yet there is still its {' and '.join(left)}.")
