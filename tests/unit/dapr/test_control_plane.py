# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.control_plane import lacking

OPERATOR = ("Deployment", "dapr-operator")


def workload(replicas=1, generation=2, observed=2, **status) -> dict:
    counts = {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas, **status}
    return {"metadata": {"generation": generation}, "spec": {"replicas": replicas}, "status": {"observedGeneration": observed, **counts}}


@pytest.mark.parametrize("replicas", [0, 1, 3])
def test_all_ready(replicas):
    assert lacking([OPERATOR], {OPERATOR: workload(replicas)}) == []


@pytest.mark.parametrize(("obj", "words"), [
    (None, "is not there"),
    (workload(observed=1), "was changed"),
    (workload(3, readyReplicas=2), "2 of 3 pods ready"),
    (workload(updatedReplicas=0), "0 of the present revision"),
    (workload(replicas=1, readyReplicas=None), "0 of 1 pods ready"),
])  # fmt: skip
def test_what_is_lacking_is_said(obj, words):
    found = {} if obj is None else {OPERATOR: obj}
    problems = lacking([OPERATOR], found)
    assert len(problems) == 1 and problems[0].startswith("Deployment dapr-operator") and words in problems[0]


def test_an_old_pod_that_still_goes_counts():
    obj = workload()
    obj["status"].update(replicas=2, readyReplicas=2)
    assert lacking([OPERATOR], {OPERATOR: obj}) == ["Deployment dapr-operator has 2 of 1 pods ready, 1 of the present revision, 2 in all"]
