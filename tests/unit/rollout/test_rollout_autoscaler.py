# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Autoscalers: whose replicas are not set, and how a wait tells who holds them."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.rollout import run
from ansible_collections.runbook.minikube.plugins.module_utils.workloads.model import Workload
from test_rollout_follow import PARAMS, READY, PlayedCluster
from workload_objects import WEB, deployment, meta, pod, verdict, web


def scaler(least=2, most=5, kind="Deployment", name="web"):
    spec = {"scaleTargetRef": {"kind": kind, "name": name}, "minReplicas": least, "maxReplicas": most}
    return {"metadata": meta("busy"), "spec": spec}


class Scaled(PlayedCluster):
    """A Deployment that serves, and autoscalers."""

    def __init__(self, *scalers, refused=()):
        super().__init__([READY], deployment(available=1), refused=refused)
        self.objects["HorizontalPodAutoscaler"] = list(scalers)

    def list(self, kind, namespace):
        return self.list_with_version(kind, namespace)[0]


def predicted(cluster, replicas):
    return run.predict(cluster, {**PARAMS, "workloads": [{"kind": "Deployment", "name": "web", "replicas": replicas}]})


def test_replicas_that_an_autoscaler_holds_are_refused_with_its_name_and_bounds():
    with pytest.raises(RunbookError, match=r"workloads\[0\].replicas: HorizontalPodAutoscaler busy holds it between 2 and 5 pods"):
        predicted(Scaled(scaler()), 3)
    with pytest.raises(RunbookError, match="would not stay at 1"):
        predicted(Scaled(scaler()), 1)


@pytest.mark.parametrize("other", [scaler(3, 3), scaler(kind="StatefulSet"), scaler(name="other")])
def test_one_that_asks_for_the_same_or_holds_another_is_no_reason(other):
    assert predicted(Scaled(other), 3)["actions"][0] == "Deployment web: scale from 1 to 3"


def test_an_autoscaler_that_may_not_be_seen_is_told():
    (note,) = predicted(Scaled(refused=["HorizontalPodAutoscaler"]), 3)["notes"]
    assert "Not allowed to list HorizontalPodAutoscaler objects" in note


def test_the_wait_says_who_holds_the_number_of_pods():
    found = verdict(web(pod(), deploy=deployment(replicas=3, updated=1), HorizontalPodAutoscaler=[scaler()]))
    assert "1 of 3 new pods exist (HorizontalPodAutoscaler busy holds it between 2 and 5 pods)" in found.states[0].missing
    assert found.states[0].workload == WEB == Workload("Deployment", "web")
