# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.drift.intake import expectation_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

PARAMS = {
    "namespace": "todo", "node_address": "192.0.2.7", "images": {}, "objects": [], "field_manager": "me", "force_conflicts": False,
    "rollouts": [], "releases": [], "checks": [],
}


def test_parts_get_the_defaults_of_their_modules():
    expected = expectation_of({
        **PARAMS, "images": {"images": [{"name": "web", "context": "/web"}]}, "rollouts": [{"workloads": [{"kind": "Deployment", "name": "web"}]}],
        "checks": [{"name": "web", "service": "web"}],
    }, {})
    assert expected.images["tag_strategy"] == "content" and expected.images["images"][0]["dockerfile"] == "Dockerfile"
    assert expected.rollouts[0]["restart"] == "never" and expected.checks[0]["status"] == 200


@pytest.mark.parametrize("part, option", [
    ({"images": {"images": [{"name": "web", "kontext": "/web"}]}}, "images: "),
    ({"rollouts": [{"workloads": [{"kind": "Job", "name": "web"}]}]}, r"rollouts\[0\]: "),
    ({"checks": [{"name": "web"}]}, "checks: "),
])
def test_a_wrong_option_is_named_with_its_part(part, option):
    with pytest.raises(RunbookError, match=option):
        expectation_of({**PARAMS, **part}, {})
