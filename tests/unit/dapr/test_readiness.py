# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.readiness import readiness_problems

OPERATOR = ("Deployment", "dapr-operator")


def workload(replicas=1, generation=2, observed=2, **status) -> dict:
    counts = {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas, **status}
    return {"metadata": {"generation": generation}, "spec": {"replicas": replicas}, "status": {"observedGeneration": observed, **counts}}


@pytest.mark.parametrize("replicas", [0, 1, 3])
def test_all_ready(replicas):
    assert readiness_problems([OPERATOR], {OPERATOR: workload(replicas)}) == []


@pytest.mark.parametrize(("obj", "words"), [
    (None, "does not exist"),
    (workload(observed=1), "was changed"),
    (workload(3, readyReplicas=2), "2 of 3 pods ready"),
    (workload(updatedReplicas=0), "0 updated"),
    (workload(replicas=1, readyReplicas=None), "0 of 1 pods ready"),
])  # fmt: skip
def test_what_is_not_ready_is_reported(obj, words):
    observed_objects = {} if obj is None else {OPERATOR: obj}
    problems = readiness_problems([OPERATOR], observed_objects)
    assert len(problems) == 1 and problems[0].startswith("Deployment dapr-operator") and words in problems[0]


def test_a_terminating_old_pod_counts():
    obj = workload()
    obj["status"].update(replicas=2, readyReplicas=2)
    assert readiness_problems([OPERATOR], {OPERATOR: obj}) == ["Deployment dapr-operator has 2 of 1 pods ready, 1 updated, 2 in total"]
