# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter workload_keys."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.filter.network import FilterModule


def test_only_kind_and_name_are_left():
    workload_keys = FilterModule().filters()["workload_keys"]
    described = [{"kind": "Deployment", "name": "frontend", "dapr": False}, {"kind": "StatefulSet", "name": "db", "action": "set"}]
    assert workload_keys(described) == [{"kind": "Deployment", "name": "frontend"}, {"kind": "StatefulSet", "name": "db"}]
    assert workload_keys([]) == []
