# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The actions for a profile in each observed state."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.model import FileRemoval, ObservedProfile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.profile.plan import make_plan

CONFIG = {"KubernetesConfig": {"ContainerRuntime": "docker", "KubernetesVersion": "v1.33.1"}}
SERVED = {"volume": True, "image": "i", "was_ready": True}
HEALTHY = ObservedProfile(container="running", network=True, config=CONFIG, has_record=True, owns_container=True, configured=True, **SERVED)
FILES = FileRemoval(paths=(Path("/home/me/state/claim.json"),))
STATES = {
    "healthy": (HEALTHY, []),
    "never made": (ObservedProfile(), ["start"]),
    "stopped": (ObservedProfile(container="exited", config=CONFIG, owns_container=True, has_record=True, configured=True, **SERVED), ["start"]),
    "sick": (ObservedProfile(container="running", config=CONFIG, configured=True, problems=("no node has joined",), **SERVED), ["start"]),
    "cut off in its first start": (
        ObservedProfile(container="running", volume=True, config=CONFIG, owns_container=True, problems=("x",)), ["delete_unfinished", "start"],
    ),
    "cut off before its container": (ObservedProfile(config=CONFIG), ["delete_unfinished", "start"]),
    "container gone": (ObservedProfile(config=CONFIG, **SERVED), ["reconfigure_node", "start"]),
    "cut off with a new container": (ObservedProfile(container="running", config=CONFIG, problems=("x",), **SERVED), ["reconfigure_node", "start"]),
    "container and volume gone": (ObservedProfile(config=CONFIG, image="i", was_ready=True), ["start"]),
    "record gone": (ObservedProfile(container="running", owns_container=True, configured=True, **SERVED), ["remove_container", "reconfigure_node", "start"]),
}


def kinds(observed, state="present", runtime="docker", version="", removal=FileRemoval()):
    return [action.kind for action in make_plan(observed, "runbook", state, runtime, version, removal).actions]


@pytest.mark.parametrize("name", STATES)
def test_actions_of_state_present(name):
    observed, expected = STATES[name]
    assert kinds(observed) == expected


def test_healthy_profile_is_restarted_for_another_version():
    assert kinds(HEALTHY, version="v1.33.1") == []
    plan = make_plan(HEALTHY, "runbook", "present", "docker", "v1.34.0")
    assert plan.actions[0].sentence("runbook") == "start the profile runbook: Kubernetes is v1.33.1, requested is v1.34.0"


def test_restarted_stops_only_a_running_profile():
    assert kinds(HEALTHY, state="restarted") == ["stop", "start"]
    assert kinds(STATES["stopped"][0], state="restarted") == ["start"]
    assert kinds(ObservedProfile(), state="restarted") == ["start"]


def test_actions_of_state_absent():
    assert kinds(HEALTHY, state="absent", removal=FILES) == ["remove_engine_objects", "remove_files"]
    assert kinds(ObservedProfile(), state="absent") == []
    stopped = ObservedProfile(container="exited", has_record=True, owns_container=True)
    assert kinds(stopped, state="absent", removal=FILES) == ["remove_engine_objects", "remove_files"]
    assert kinds(ObservedProfile(volume=True, has_record=True), state="absent") == ["remove_engine_objects"]
    assert kinds(ObservedProfile(has_record=True), state="absent", removal=FILES) == ["remove_files"]


def test_removed_engine_objects_are_listed():
    plan = make_plan(ObservedProfile(volume=True, network=True, has_record=True), "runbook", "absent", "docker", "")
    assert plan.actions[0].sentence("runbook") == "remove the volume and network runbook: they exist"


def test_volume_without_ownership_record_is_not_removed():
    assert kinds(ObservedProfile(volume=True, network=True, config=CONFIG), state="absent") == []


STRANGER = ObservedProfile(container="exited", config=CONFIG, configured=True, **SERVED)


def test_profile_created_with_minikube_alone_is_started_but_not_owned():
    plan = make_plan(STRANGER, "runbook", "present", "docker", "")
    assert [(action.kind, action.take_ownership) for action in plan.actions] == [("start", False)]
    assert make_plan(STATES["stopped"][0], "runbook", "present", "docker", "").actions[0].take_ownership


def test_profile_created_with_minikube_alone_is_not_removed():
    with pytest.raises(RunbookError, match="was not created by this module.*Nothing was removed.*minikube delete -p runbook"):
        make_plan(STRANGER, "runbook", "absent", "docker", "")


@pytest.mark.parametrize("state", ["present", "absent", "restarted"])
def test_home_of_another_profile_is_refused(state):
    with pytest.raises(RunbookError, match=r"belongs to the profile big, not to runbook.*option minikube_home; local_cluster_state_dir"):
        make_plan(ObservedProfile(other_owner="big"), "runbook", state, "docker", "")


def test_removal_with_another_home_is_refused():
    moved = ObservedProfile(container="running", has_record=True, owns_container=True, other_home="/home/me/elsewhere")
    with pytest.raises(RunbookError, match="files of the profile runbook are in /home/me/elsewhere.*Nothing was removed"):
        make_plan(moved, "runbook", "absent", "docker", "")


@pytest.mark.parametrize("state", ["present", "absent", "restarted"])
def test_foreign_container_is_refused(state):
    with pytest.raises(RunbookError, match="It was left unchanged. Choose another name"):
        make_plan(ObservedProfile(container="running"), "runbook", state, "docker", "")


def test_other_container_runtime_is_refused_with_the_next_step():
    with pytest.raises(RunbookError, match="has the container runtime docker, but containerd is requested.*option name; local_cluster_profile.*state: absent"):
        make_plan(HEALTHY, "runbook", "present", "containerd", "")
