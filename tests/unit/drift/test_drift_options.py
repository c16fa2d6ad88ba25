# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.drift.options import DriftOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

PARAMS = {
    "namespace": "todo", "node_address": "192.0.2.7", "images": {}, "secrets": [], "objects": [], "field_manager": "me", "force_conflicts": False,
    "rollouts": [], "releases": [], "checks": [],
}


def test_components_get_the_defaults_of_their_modules():
    options = DriftOptions.of({
        **PARAMS, "images": {"images": [{"name": "web", "path": "/web"}]}, "rollouts": [{"workloads": [{"kind": "Deployment", "name": "web"}]}],
        "checks": [{"name": "web", "service": "web"}],
    })
    assert options.images.images[0].dockerfile == "/web/Dockerfile" and options.images.profile == "minikube"
    assert options.rollouts[0].restart == "never" and options.checks[0].status == 200


@pytest.mark.parametrize("component, option", [
    ({"images": {"images": [{"name": "web", "kontext": "/web"}]}}, "images: "),
    ({"rollouts": [{"workloads": [{"kind": "Job", "name": "web"}]}]}, r"rollouts\[0\]: "),
    ({"checks": [{"name": "web"}]}, "checks: "),
])
def test_invalid_option_is_named_with_its_component(component, option):
    with pytest.raises(RunbookError, match=option):
        DriftOptions.of({**PARAMS, **component})
