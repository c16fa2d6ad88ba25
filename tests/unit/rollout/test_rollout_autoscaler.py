# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Autoscalers: replicas that they manage are not set, and an incomplete status names them."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.model import Workload
from test_rollout_run import PARAMS, READY, SimulatedCluster, predict
from workload_objects import WEB, deployment, meta, pod, status_of, web


def autoscaler(least=2, most=5, kind="Deployment", name="web"):
    spec = {"scaleTargetRef": {"kind": kind, "name": name}, "minReplicas": least, "maxReplicas": most}
    return {"metadata": meta("busy"), "spec": spec}


class Scaled(SimulatedCluster):
    """A ready Deployment and autoscalers."""

    def __init__(self, *scalers, refused=()):
        super().__init__([READY], deployment(available=1), refused=refused)
        self.objects["HorizontalPodAutoscaler"] = list(scalers)

    def list(self, kind, namespace):
        return self.list_with_version(kind, namespace)[0]


def predicted(cluster, replicas):
    return predict(cluster, {**PARAMS, "workloads": [{"kind": "Deployment", "name": "web", "replicas": replicas}]})


def test_replicas_managed_by_an_autoscaler_are_refused_with_its_name_and_bounds():
    with pytest.raises(RunbookError, match=r"workloads\[0\].replicas: HorizontalPodAutoscaler busy keeps it between 2 and 5 replicas"):
        predicted(Scaled(autoscaler()), 3)
    with pytest.raises(RunbookError, match="would not stay at 1"):
        predicted(Scaled(autoscaler()), 1)


@pytest.mark.parametrize("other", [autoscaler(3, 3), autoscaler(kind="StatefulSet"), autoscaler(name="other")])
def test_replicas_within_fixed_bounds_or_of_another_target_are_accepted(other):
    assert predicted(Scaled(other), 3)["actions"][0] == "Deployment web: scale from 1 to 3"


def test_missing_permission_to_list_autoscalers_is_a_warning():
    (note,) = predicted(Scaled(refused=["HorizontalPodAutoscaler"]), 3)["notes"]
    assert "Not allowed to list HorizontalPodAutoscaler objects" in note


def test_incomplete_status_names_the_autoscaler():
    found = status_of(web(pod(), deploy=deployment(replicas=3, updated=1), HorizontalPodAutoscaler=[autoscaler()]))
    assert "1 of 3 new pods exist (HorizontalPodAutoscaler busy keeps it between 2 and 5 replicas)" in found.workloads[0].missing
    assert found.workloads[0].workload == WEB == Workload("Deployment", "web")
