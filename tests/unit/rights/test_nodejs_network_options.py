# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Role docs/rights/nodejs_network_options.yml is what the module requests of the API server, and each missing verb is named before it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.exec import Execution
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity import container
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options import apply as applying
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.options import CureOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.connectivity.node_options.run import run
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from guarded_api import GuardedApi, Permission, permissions_of
from network_data import PARAMS, TARGET_PARAMS, Container, running

WORKLOADS = {"Deployment": "frontend", "StatefulSet": "store", "DaemonSet": "agent"}
RULES = yaml.safe_load((Path(__file__).resolve().parents[3] / "docs/rights/nodejs_network_options.yml").read_text())["rules"]
OPTIONS = {
    **PARAMS, "state": "present", "targets": [{**TARGET_PARAMS, "host": "db.example.test", "port": 5432}],
    "workloads": [{"kind": kind, "name": name} for kind, name in WORKLOADS.items()],
}  # fmt: skip
EXEC = ("get", "create")


class Api(GuardedApi):
    """An API server to which a server-side apply comes as text."""

    def request(self, method, path, *, body=None, **options):
        return super().request(method, path, body=json.loads(body) if isinstance(body, bytes) else body, **options)


@pytest.fixture(name="module")
def simulated(monkeypatch):
    """Runs the module with what rules give."""
    inside = Container()
    monkeypatch.setattr(applying, "_is_stored", lambda _stored, _cure: True)  # the API server of these tests merges lists as a merge patch does

    def run_module(rules) -> Api:
        api = Api(rules, [obj for kind, name in WORKLOADS.items() for obj in running(kind, name)])

        def execute(cluster, pod, *rest) -> Execution:
            for verb in EXEC:
                api.require(Permission("", "pods/exec", verb, pod))
            return inside.execute(cluster, pod, *rest)

        monkeypatch.setattr(container, "execute", execute)
        run(api.cluster(), CureOptions.of(OPTIONS), False)
        return api

    return run_module


def test_the_role_is_enough_and_nothing_of_it_is_superfluous(module):
    api = module(RULES)
    assert api.used == permissions_of(RULES) and sorted(api.written) == sorted(WORKLOADS.values())


VERBS = [(number, verb) for number, rule in enumerate(RULES) for verb in rule["verbs"] if rule["resources"] != ["pods/exec"]]


@pytest.mark.parametrize(("number", "verb"), VERBS)
def test_each_missing_verb_is_named_before_anything_is_written(module, number, verb):
    left = [{**rule, "verbs": [one for one in rule["verbs"] if index != number or one != verb]} for index, rule in enumerate(RULES)]
    with pytest.raises(RunbookError, match=f"Not allowed to {verb} "):
        module(left)
