# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A custom resource definition is established before the objects of its kind are applied."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests import apply as module
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.options import ManifestsOptions

WIDGETS = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.shop.example"},
           "spec": {"group": "shop.example", "names": {"kind": "Widget"}}}  # fmt: skip
WIDGET = {"apiVersion": "shop.example/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}}
REFUSED = {"type": "NamesAccepted", "status": "False", "message": '"widgets" is already in use'}


class Server:
    """Reports ``conditions`` one after the other, the last one for ever."""

    def __init__(self, *conditions):
        self.conditions = list(conditions)
        self.calls: list[str] = []

    def get_object(self, obj):
        self.calls.append(f"get {obj['metadata']['name']}")
        known = f"apply {obj['metadata']['name']}" in self.calls
        return self._with_status(obj) if known else None

    def apply_object(self, obj, **_options):
        self.calls.append(f"apply {obj['metadata']['name']}")
        return self._with_status(obj)

    def _with_status(self, obj):
        condition = self.conditions.pop(0) if len(self.conditions) > 1 else self.conditions[0]
        return {**obj, "status": {"conditions": [condition] if condition else []}}


def apply(server):
    return module.apply(server, ManifestsOptions([WIDGETS, WIDGET], "m"), check=False, warn=lambda text: None)


def test_the_object_waits_for_its_definition(monkeypatch):
    monkeypatch.setattr(module, "POLL_INTERVAL", 0)
    server = Server(None, {"type": "Established", "status": "False"}, {"type": "Established", "status": "True"})
    assert [run.action for run in apply(server)] == ["create", "create"]
    assert server.calls.index("apply w") > server.calls.index("apply widgets.shop.example") + 2


def test_a_definition_that_is_not_accepted_is_named_with_the_reason(monkeypatch):
    monkeypatch.setattr(module, "ESTABLISH_TIMEOUT", 0)
    server = Server(REFUSED)
    with pytest.raises(RunbookError, match='widgets.shop.example cannot be applied: it was applied, but not established within 0 s: "widgets" is already'):
        apply(server)
    assert "apply w" not in server.calls
