# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries a plan out, and sees with its own eyes that the cluster serves."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import time
from datetime import datetime, timezone

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.minikube import Minikube, StartOptions
from ansible_collections.runbook.minikube.plugins.module_utils.profile.observe import inspect, observe, problems_now
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
        "start": lambda: _start(minikube, options, timeout),
        "stop": minikube.stop,
        "delete": lambda: _delete(minikube),
        "remove_container": lambda: _docker("container", "rm", "--force", minikube.profile.name),
        "remove_leftovers": lambda: _remove_leftovers(minikube.profile),
        "remove_files": lambda: _remove_files(minikube.profile),
    }
    for action in plan.actions:
        steps[action.kind]()


def _start(minikube: Minikube, options: StartOptions, timeout: int) -> None:
    """Starts; a cluster that has never served holds no data, so where it does not start it is made anew, once."""
    profile = minikube.profile
    served = observe(profile).served
    _claim(profile, served)
    failure = _start_once(minikube, options, timeout)
    if failure and not served:
        _delete(minikube)
        _claim(profile, False)
        failure = _start_once(minikube, options, timeout)
    if failure:
        raise RunbookError(
            f"The profile {profile.name} does not start. {failure}\nIts data is untouched. Look at `minikube logs -p {profile.name}` "
            f"with MINIKUBE_HOME={profile.home}; state: absent removes the profile, and its data."
        )
    _claim(profile, True)


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


def _claim(profile: Profile, served: bool) -> None:
    """Records that containers of this name made from now on are ours, and whether the cluster was seen ready."""
    since = datetime.now(timezone.utc).isoformat()
    with contextlib.suppress(OSError, ValueError, KeyError):
        since = json.loads(profile.claim_file.read_text(encoding="utf-8"))["since"]
    new = profile.claim_file.with_suffix(".new")
    new.write_text(json.dumps({"since": since, "served": served, "home": str(profile.home)}), encoding="utf-8")
    os.replace(new, profile.claim_file)


def _delete(minikube: Minikube) -> None:
    minikube.delete()
    _remove_leftovers(minikube.profile)


def _remove_leftovers(profile: Profile) -> None:
    """Removes what carries the profile's name in the engine, and our claim to it."""
    for kind, *force in (("container", "--force", "--volumes"), ("volume", "--force"), ("network",)):
        _docker(kind, "rm", *force, profile.name)
    profile.claim_file.unlink(missing_ok=True)


def _docker(*arguments: str) -> None:
    """A removal; that there is nothing to remove is no failure."""
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=120, check=False)
    text = result.stderr.lower()
    if result.returncode and "no such" not in text and "not found" not in text:
        raise RunbookError(f"`docker {' '.join(arguments)}` failed: {result.stderr.strip()}")


def _remove_files(profile: Profile) -> None:
    """Removes the profile's own folder and kubeconfig."""
    shutil.rmtree(profile.home)
    profile.kubeconfig.unlink(missing_ok=True)
    profile.claim_file.unlink(missing_ok=True)


def verify(profile: Profile, plan: Plan, state: str) -> None:
    """Sees that the profile is as it should be. Raises RunbookError where it is not."""
    if state == "absent":
        _verify_absence(profile, plan)
        return
    problems = observe(profile).problems
    if problems:
        raise RunbookError(f"The profile {profile.name} runs, but {'; '.join(problems)}.")


def _verify_absence(profile: Profile, plan: Plan) -> None:
    removed = {action.kind for action in plan.actions} & {"delete", "remove_leftovers"}
    left = [kind for kind in ("container", "volume", "network") if removed and inspect(kind, profile.name)]
    left += ["home"] if profile.home.exists() else []
    if left:
        raise RunbookError(f"The profile {profile.name} was removed, yet there is still its {' and '.join(left)}.")
