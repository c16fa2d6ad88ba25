# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a pod reads a key."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.consumers import ENVIRONMENT, FILE, Consumer, consumers_of


def spec(volumes=(), **container):
    return {"containers": [{"name": "app", **container}], "volumes": list(volumes)}


def found(pod, kind="Secret"):
    return consumers_of(pod, kind, "auth", "key")


def test_a_variable():
    entry = {"name": "AUTH", "valueFrom": {"secretKeyRef": {"name": "auth", "key": "key", "optional": True}}}
    other = {"name": "OTHER", "valueFrom": {"secretKeyRef": {"name": "auth", "key": "other"}}}
    assert found(spec(env=[entry, other, {"name": "PLAIN", "value": "x"}])) == [Consumer("app", ENVIRONMENT, "AUTH", needs_restart=True)]


def test_a_config_map_of_the_same_name_is_another_thing():
    entry = {"name": "AUTH", "valueFrom": {"configMapKeyRef": {"name": "auth", "key": "key"}}}
    assert found(spec(env=[entry])) == []
    assert found(spec(env=[entry]), "ConfigMap") == [Consumer("app", ENVIRONMENT, "AUTH", needs_restart=True)]


@pytest.mark.parametrize(("prefix", "variable"), [({}, "key"), ({"prefix": "APP_"}, "APP_key")])
def test_all_keys_at_once(prefix, variable):
    assert found(spec(envFrom=[{"secretRef": {"name": "auth"}, **prefix}])) == [Consumer("app", ENVIRONMENT, variable, needs_restart=True)]


def test_a_named_variable_wins_over_all_keys_at_once():
    pod = spec(envFrom=[{"secretRef": {"name": "auth"}}], env=[{"name": "key", "value": "own"}])
    assert found(pod) == []


SECRET = {"name": "v", "secret": {"secretName": "auth"}}
ITEMS = {"name": "v", "secret": {"secretName": "auth", "items": [{"key": "key", "path": "deep/down.txt"}]}}
OTHER_ITEMS = {"name": "v", "secret": {"secretName": "auth", "items": [{"key": "other", "path": "o"}]}}
PROJECTED = {
    "name": "v",
    "projected": {
        "sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "auth", "items": [{"key": "key", "path": "p"}]}}, {"downwardAPI": {}}]
    },
}


@pytest.mark.parametrize(
    ("volume", "mount", "consumer"),
    [
        (SECRET, {}, Consumer("app", FILE, "/m/key", needs_restart=False)),
        (ITEMS, {}, Consumer("app", FILE, "/m/deep/down.txt", needs_restart=False)),
        (OTHER_ITEMS, {}, None),
        (PROJECTED, {}, Consumer("app", FILE, "/m/p", needs_restart=False)),
        (SECRET, {"subPath": "key"}, Consumer("app", FILE, "/m", needs_restart=True)),
        (SECRET, {"subPath": "other"}, None),
        (ITEMS, {"subPath": "deep"}, Consumer("app", FILE, "/m/down.txt", needs_restart=True)),
        (SECRET, {"subPathExpr": "$(POD)"}, Consumer("app", FILE, "/m", needs_restart=True, path_known=False)),
    ],
)
def test_files(volume, mount, consumer):
    pod = spec([volume], volumeMounts=[{"name": "v", "mountPath": "/m", **mount}, {"name": "unrelated", "mountPath": "/u"}])
    assert found(pod) == ([consumer] if consumer else [])


def test_init_containers_count_only_while_they_run_beside():
    entry = {"name": "AUTH", "valueFrom": {"secretKeyRef": {"name": "auth", "key": "key"}}}
    once, beside = {"name": "once", "env": [entry]}, {"name": "beside", "env": [entry], "restartPolicy": "Always"}
    assert [one.container for one in found({"initContainers": [once, beside], "containers": []})] == ["beside"]
