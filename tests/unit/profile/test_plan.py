# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is done with a profile, for every state in which it is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.profile.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils.profile.state import Observed, Removal

CONFIG = {"KubernetesConfig": {"ContainerRuntime": "docker", "KubernetesVersion": "v1.33.1"}}
SERVED = {"volume": True, "image": "i", "served": True}
HEALTHY = Observed(container="running", network=True, config=CONFIG, has_claim=True, claimed=True, configured=True, **SERVED)
FILES = Removal(paths=(Path("/home/me/state/claim.json"),))
STATES = {
    "healthy": (HEALTHY, []),
    "never made": (Observed(), ["start"]),
    "stopped": (Observed(container="exited", config=CONFIG, claimed=True, has_claim=True, configured=True, **SERVED), ["start"]),
    "sick": (Observed(container="running", config=CONFIG, configured=True, problems=("no node has joined",), **SERVED), ["start"]),
    "cut off in its first start": (Observed(container="running", volume=True, config=CONFIG, claimed=True, problems=("x",)), ["unmake", "start"]),
    "cut off before its container": (Observed(config=CONFIG), ["unmake", "start"]),
    "container gone": (Observed(config=CONFIG, **SERVED), ["renew_node", "start"]),
    "cut off with a new container": (Observed(container="running", config=CONFIG, problems=("x",), **SERVED), ["renew_node", "start"]),
    "container and volume gone": (Observed(config=CONFIG, image="i", served=True), ["start"]),
    "record gone": (Observed(container="running", claimed=True, configured=True, **SERVED), ["remove_container", "renew_node", "start"]),
}


def kinds(observed, state="present", runtime="docker", version="", removal=Removal()):
    return [action.kind for action in make_plan(observed, "runbook", state, runtime, version, removal).actions]


@pytest.mark.parametrize("name", STATES)
def test_present(name):
    observed, expected = STATES[name]
    assert kinds(observed) == expected


def test_a_healthy_profile_of_another_version_is_started_with_that_version():
    assert kinds(HEALTHY, version="v1.33.1") == []
    plan = make_plan(HEALTHY, "runbook", "present", "docker", "v1.34.0")
    assert plan.actions[0].sentence("runbook") == "start the profile runbook: Kubernetes is v1.33.1, wanted is v1.34.0"


def test_restarted_stops_only_what_runs():
    assert kinds(HEALTHY, state="restarted") == ["stop", "start"]
    assert kinds(STATES["stopped"][0], state="restarted") == ["start"]
    assert kinds(Observed(), state="restarted") == ["start"]


def test_absent():
    assert kinds(HEALTHY, state="absent", removal=FILES) == ["remove_from_engine", "remove_files"]
    assert kinds(Observed(), state="absent") == []
    stopped = Observed(container="exited", has_claim=True, claimed=True)
    assert kinds(stopped, state="absent", removal=FILES) == ["remove_from_engine", "remove_files"]
    assert kinds(Observed(volume=True, has_claim=True), state="absent") == ["remove_from_engine"]
    assert kinds(Observed(has_claim=True), state="absent", removal=FILES) == ["remove_files"]


def test_what_is_removed_from_the_engine_is_named():
    plan = make_plan(Observed(volume=True, network=True, has_claim=True), "runbook", "absent", "docker", "")
    assert plan.actions[0].sentence("runbook") == "remove the volume and network runbook: it exists"


def test_a_volume_without_a_claim_is_not_removed():
    assert kinds(Observed(volume=True, network=True, config=CONFIG), state="absent") == []


STRANGER = Observed(container="exited", config=CONFIG, configured=True, **SERVED)


def test_a_cluster_that_minikube_made_without_us_is_started_and_stays_what_it_is():
    plan = make_plan(STRANGER, "runbook", "present", "docker", "")
    assert [(action.kind, action.claims) for action in plan.actions] == [("start", False)]
    assert make_plan(STATES["stopped"][0], "runbook", "present", "docker", "").actions[0].claims


def test_a_cluster_that_minikube_made_without_us_is_not_removed():
    with pytest.raises(RunbookError, match="was not made by this module.*Nothing was removed.*minikube delete -p runbook"):
        make_plan(STRANGER, "runbook", "absent", "docker", "")


@pytest.mark.parametrize("state", ["present", "absent", "restarted"])
def test_the_home_of_another_profile_is_refused(state):
    with pytest.raises(RunbookError, match=r"belongs to the profile big, not to runbook.*option home; local_cluster_state_dir"):
        make_plan(Observed(other_owner="big"), "runbook", state, "docker", "")


def test_a_profile_is_not_removed_by_the_name_of_another_home():
    moved = Observed(container="running", has_claim=True, claimed=True, moved_from="/home/me/elsewhere")
    with pytest.raises(RunbookError, match="has its files in /home/me/elsewhere.*Nothing was removed"):
        make_plan(moved, "runbook", "absent", "docker", "")


@pytest.mark.parametrize("state", ["present", "absent", "restarted"])
def test_a_container_of_somebody_else_is_never_touched(state):
    with pytest.raises(RunbookError, match="It is left alone. Choose another name"):
        make_plan(Observed(container="running"), "runbook", state, "docker", "")


def test_another_runtime_is_refused_with_the_way_out():
    with pytest.raises(RunbookError, match="has the container runtime docker, and containerd is asked for.*state: absent"):
        make_plan(HEALTHY, "runbook", "present", "containerd", "")
