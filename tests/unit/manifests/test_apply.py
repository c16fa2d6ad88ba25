# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules manifests and manifests_info against a server that reads what they really send."""

from __future__ import annotations

import json
import tempfile

import pytest
from ansible_collections.runbook.minikube.plugins.filter.manifests import FilterModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.client import Cluster
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.modules import manifests, manifests_info
from ansible_collections.runbook.minikube.plugins.plugin_utils.in_process import InProcessModule, ModuleExit
from apply_server import APPLY, serving
from strict_yaml import read_yaml

FILTERS = FilterModule().filters()
CONFIG_MAPS, SECRETS = "/api/v1/namespaces/shop/configmaps", "/api/v1/namespaces/shop/secrets"


def config_map(name: str = "words", text: str = "ship it 🚀", **metadata) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop", **metadata}, "data": {"a": text}}


def secret(**values) -> dict:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "shop"}, "stringData": values}


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where the Kubernetes client keeps what it learned of a server
    with serving() as state:
        yield state


def run(module, server, objects: list[dict], check_mode: bool = False) -> dict:
    arguments = {"host": server.host, "api_key": "token", "objects": json.loads(json.dumps(objects)), "field_manager": "test"}
    with pytest.raises(ModuleExit) as ended:
        module.run(InProcessModule(module.ARGUMENT_SPEC, arguments, check_mode=check_mode, **module.SETTINGS))
    return ended.value.result


OBJECTS = [config_map(annotations={"note": "🚀 \x85 \u2028"}), config_map("café", "\ufeff👩‍👩‍👧\x7f"), secret(word="🔑-s3cret-🔑")]


def test_all_characters_are_applied_unchanged(server):
    first, second = run(manifests, server, OBJECTS), run(manifests, server, OBJECTS)
    assert [entry["action"] for entry in first["objects"]] == ["create"] * 3 and first["changed"]
    assert [entry["action"] for entry in second["objects"]] == ["unchanged"] * 3 and not second["changed"] and second["diff"] == []
    stored = server.stored[f"{CONFIG_MAPS}/words"]
    assert stored["data"] == {"a": "ship it 🚀"} and stored["metadata"]["annotations"] == {"note": "🚀 \x85 \u2028"}


def test_body_contains_the_character_itself(server):
    run(manifests, server, OBJECTS)
    assert [read_yaml(body) for body in server.bodies] == OBJECTS
    assert all("🚀" in body.decode("utf-8") for body in server.bodies[:1]) and not any(b"\\ud8" in body.lower() for body in server.bodies)


def test_dry_run_sends_the_same_request_as_the_apply(server):
    dry_run = run(manifests_info, server, OBJECTS)
    checked = run(manifests, server, OBJECTS, check_mode=True)
    assert not server.stored and [entry["action"] for entry in dry_run["objects"]] == ["create"] * 3
    assert checked["objects"] == dry_run["objects"] and dry_run["pending"] == OBJECTS
    sent = sorted(server.bodies[:3])
    server.bodies.clear()
    done = run(manifests, server, OBJECTS)
    assert sorted(server.bodies) == sent and done["objects"] == checked["objects"]


def test_client_serialization_is_refused(server):
    """What this server would answer if the Kubernetes client wrote the body, as it does for kubernetes.core.k8s."""
    cluster = Cluster.connect({"host": server.host, "api_key": "token"})
    with pytest.raises(ApiError, match="invalid Unicode character escape code"):
        cluster.json("PATCH", f"{CONFIG_MAPS}/words", body=config_map(), content_type=APPLY)


def test_lone_surrogate_is_refused_before_anything_is_sent(server):
    for module in (manifests, manifests_info):
        result = run(module, server, [config_map(), config_map("half", "do-not-show \udcfc")])
        assert result["failed"] and result["msg"].startswith("ConfigMap half cannot be applied: data.a contains half of a character")
        assert "do-not-show" not in result["msg"] and not server.bodies


def test_refusal_ends_the_apply_and_lists_applied_objects(server):
    server.refuses[f"{CONFIG_MAPS}/bad"] = (409, "Conflict", 'Apply failed with 1 conflict: conflict with "x": .data.a')
    objects = [config_map("one"), config_map("bad"), config_map("two")]
    result = run(manifests, server, objects)
    assert result["failed"] and result["changed"]
    assert [(entry["name"], entry["action"], entry.get("reason")) for entry in result["objects"]] == [("one", "create", None), ("bad", "refused", "Conflict")]
    assert result["msg"] == (
        'ConfigMap bad in namespace shop cannot be applied: Apply failed with 1 conflict: conflict with "x": .data.a. '
        "Already applied: ConfigMap one in namespace shop."
    )
    assert list(server.stored) == [f"{CONFIG_MAPS}/one"]
    message = FILTERS["refused"](result, result)
    assert "with \"x\": .data.a. Remove the field" in message and message.endswith("\nAlready applied: ConfigMap one in namespace shop.")
    assert [entry.get("reason") for entry in run(manifests_info, server, objects)["objects"]] == [None, "Conflict", None]


def test_refused_dry_run_has_applied_nothing(server):
    server.refuses[f"{CONFIG_MAPS}/bad"] = (400, "Invalid", "no.")
    result = run(manifests, server, [config_map("one"), config_map("bad")], check_mode=True)
    assert result["failed"] and result["msg"] == "ConfigMap bad in namespace shop cannot be applied: no." and not server.stored


def test_namespace_created_by_the_same_run(server):
    server.refuses[f"{CONFIG_MAPS}/words"] = (404, "NotFound", 'namespaces "shop" not found')
    assert run(manifests, server, [config_map()], check_mode=True)["objects"][0]["action"] == "create"
    assert run(manifests, server, [config_map()])["failed"]


def test_warnings_of_the_api_server_name_the_object(server):
    server.warns[f"{CONFIG_MAPS}/words"] = '299 - "unknown field \\"spec.🚀\\""'
    assert run(manifests, server, [config_map()])["warnings"] == ['ConfigMap words in namespace shop: unknown field "spec.🚀"']


def test_diff_hides_values_of_secrets(server):
    run(manifests, server, [config_map(), secret(word="s3cret-one")])
    result = run(manifests, server, [config_map(text="🎉"), secret(word="s3cret-two")])
    shown, hidden = result["diff"]
    assert (shown["before"]["data"], shown["after"]["data"]) == ({"a": "ship it 🚀"}, {"a": "🎉"}) and "resourceVersion" not in shown["after"]["metadata"]
    assert hidden == {"prepared": "Secret keys in namespace shop: change, its values are hidden\n"} and "s3cret" not in json.dumps(result)


def test_refusal_hides_values_of_secrets(server):
    server.refuses[f"{SECRETS}/keys"] = (422, "Invalid", "czNjcmV0LXdvcmQ= (s3cret-word) is not allowed")
    result = run(manifests, server, [secret(word="s3cret-word")])
    assert result["failed"] and "s3cret" not in result["msg"] and "czNjcmV0" not in result["msg"]


def test_invalid_object_is_named(server):
    result = run(manifests, server, [config_map(), {"kind": "ConfigMap"}])
    assert result["failed"] and "objects[1]" in result["msg"] and not server.bodies


def test_other_writes_keep_all_characters(server):
    cluster = Cluster.connect({"host": server.host, "api_key": "token"})
    with pytest.raises(RunbookError, match="data.a contains half of a character"):
        cluster.patch("ConfigMap", "words", {"data": {"a": "\udcfc"}}, "shop")
