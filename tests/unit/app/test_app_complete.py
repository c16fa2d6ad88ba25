# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The description of an application: defaults, overrides, and errors with their paths."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.complete import complete_app, merge
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.schema import APP
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.options import ARGUMENT_SPEC as DEDUP
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.requests import ARGUMENT_SPEC as REQUESTS
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.health.options import ARGUMENT_SPEC

WHOLE = {
    "name": "todo",
    "images": [{"name": "backend-api", "context": "backend", "args": {"BASE_IMAGE": "python:3.11"}}],
    "manifests": ["manifests"],
    "secrets": [
        {"name": "postgres", "data": {"password": {"generate": 32}}},
        {"name": "backend-api-secrets", "data": {"database-url": {"template": "postgresql://todo:{postgres/password}@postgres/todo"}}},
    ],
    "workloads": [{"name": "backend-api", "dapr": True}, {"kind": "StatefulSet", "name": "postgres"}],
    "health": [{"name": "backend-api", "service": "backend-api", "path": "/health", "json": {"status": "healthy"}}],
    "address": {"service": "frontend"},
    "database": {"secret": "backend-api-secrets", "key": "database-url"},
}

SIGNER = {"name": "frontend", "signs": True}


@pytest.fixture
def app():
    return copy.deepcopy(WHOLE)


@pytest.fixture
def folder(tmp_path):
    for name in ("backend", "manifests/deeper", "other"):
        (tmp_path / name).mkdir(parents=True)
    for name in (
        "backend/Dockerfile",
        "manifests/b.yml",
        "manifests/a.yml.j2",
        "manifests/c.json",
        "manifests/notes.txt",
        "manifests/deeper/c.yml",
        "other/Dockerfile",
    ):
        (tmp_path / name).write_text("")
    return tmp_path


def problems(app, folder, **options):
    with pytest.raises(RunbookError) as refused:
        complete_app(app, str(folder), **options)
    return {problem["path"]: problem["problem"] for problem in refused.value.facts["problems"]}, str(refused.value)


def test_defaults_and_absolute_paths(app, folder):
    done = complete_app(app, str(folder))
    assert done["namespace"] == "default"
    assert done["images"] == [
        {
            "name": "backend-api",
            "path": str(folder / "backend"),
            "dockerfile": "Dockerfile",
            "args": {"BASE_IMAGE": "python:3.11"},
            "target": None,
            "archive": None,
            "tag": None,
        }
    ]
    assert done["manifests"] == [str(folder / f"manifests/{name}") for name in ("a.yml.j2", "b.yml", "c.json")]
    assert done["workloads"][0] == {"kind": "Deployment", "name": "backend-api", "signs": False, "dapr": True}
    assert done["health"][0]["status"] == 200
    assert done["address"] == {"service": "frontend", "port": None, "path": "/", "via": "nodeport", "url": "", "forward": False}
    address = {"service": "frontend", "port": None, "path": "/", "via": "nodeport", "url": "", "name": "address"}
    assert done["checks"] == [address, *({**check, "via": "nodeport"} for check in done["health"])]


def test_prebuilt_image_needs_no_context(app, folder):
    (folder / "web.tar").write_bytes(b"")
    app["images"] += [{"name": "web", "archive": "web.tar"}, {"name": "audit", "tag": "2"}]
    _built, from_archive, by_name = complete_app(app, str(folder))["images"]
    assert (from_archive["archive"], from_archive["path"]) == (str(folder / "web.tar"), None)
    assert (by_name["archive"], by_name["path"], by_name["tag"]) == (None, None, "2")


TABLES = ("table", "schema", "columns", "table_names", "column_names", "additional_columns", "unused", "unscanned")


def test_auth_servers_and_keys_with_the_same_secret(app, folder):
    app["workloads"].append(SIGNER)
    copies = {"auth": {"copy": "web/auth"}, "x": {"copy": "postgres/password"}}
    app["secrets"] += [{"name": "web", "data": {"auth": {"generate": 32}}}, {"name": "api", "data": copies}]
    app["auth"] = {"secret": "web", "key": "auth", "service": "frontend"}
    assert complete_app(app, str(folder))["auth"] == {
        "secret": "web", "key": "auth", "service": "frontend", "path": "/api/auth", "verify": None, "verifiers": [], "algorithm": None,
        "origin": "", "verify_cookies": [], "tables": dict.fromkeys(TABLES),
        "servers": [{"workload": "Deployment/frontend"}],
        "secrets": [{"secret": "web", "key": "auth"}, {"secret": "api", "key": "auth"}],
    }  # fmt: skip
    app["auth"]["verifiers"] = [{"secret": "api", "versions_key": "auths"}, {"secret": "web", "versions_key": "auths"}]
    with pytest.raises(RunbookError, match=r"runbook_app\.auth\.verifiers\[1\]\.secret: web has no copy of web/auth"):
        complete_app(app, str(folder))


def test_the_tables_with_duplicates_are_by_default_the_guide_s(app, folder):
    duplicates = complete_app(app, str(folder))["duplicates"]
    assert {name: value for name, value in duplicates["events"][0].items() if value is not None} == {
        "table": "audit_log", "column": "details", "path": ["event_id"], "operator": "->>", "order_by": ["timestamp"],
    }  # fmt: skip
    assert {name: value for name, value in duplicates["requests"][0].items() if value is not None} == {
        "table": "task", "columns": ["user_id", "title"], "time_column": "created_at",
    }  # fmt: skip
    app["duplicates"] = {"events": [{"table": "inbox", "path": []}]}
    with pytest.raises(RunbookError, match=r"runbook_app\.duplicates\.events\[0\]\.path"):
        complete_app(app, str(folder))
    app["duplicates"] = {"events": [{"table": "inbox"}], "requests": []}
    assert [one["table"] for one in complete_app(app, str(folder))["duplicates"]["events"]] == ["inbox"]


def test_the_tables_have_the_options_of_their_modules():
    fields = APP.fields["duplicates"].check.fields
    assert set(fields["events"].check.member.fields) < set(DEDUP) and set(fields["requests"].check.member.fields) < set(REQUESTS)


def test_health_checks_have_the_options_of_the_module():
    assert set(APP.fields["health"].check.member.fields) == set(ARGUMENT_SPEC["checks"]["options"])


@pytest.mark.parametrize("port", [81, "81", "admin"])
def test_health_check_of_another_port(app, folder, port):
    app["health"][0]["port"] = port
    assert complete_app(app, str(folder))["checks"][1]["port"] == port


@pytest.mark.parametrize("port", [0, 65536, "65536", True, "Admin", ["http"]])
def test_health_check_of_an_impossible_port(app, folder, port):
    app["health"][0]["port"] = port
    with pytest.raises(RunbookError, match=r"runbook_app\.health\[0\]\.port: must be a port of the Service"):
        complete_app(app, str(folder))


def test_minimal_description(folder):
    done = complete_app({"name": "a", "manifests": ["manifests/b.yml"], "workloads": [{"name": "a"}]}, str(folder))
    assert (done["images"], done["secrets"], done["health"], done["address"], done["database"], done["checks"]) == ([], [], [], None, None, [])


def test_input_is_not_modified(app, folder):
    complete_app(app, str(folder), overrides={"images": [{"name": "backend-api", "context": "other"}]})
    assert app == WHOLE


def test_duplicate_manifest_is_applied_once(app, folder):
    app["manifests"] = ["manifests/b.yml", "manifests"]
    assert [path.rpartition("/")[2] for path in complete_app(app, str(folder))["manifests"]] == ["b.yml", "a.yml.j2", "c.json"]


def test_overrides_are_merged_by_name(app, folder):
    changes = {
        "namespace": "staging",
        "images": [{"name": "backend-api", "context": "other"}],
        "workloads": [{"name": "backend-api", "dapr": False}, {"name": "worker"}],
        "secrets": [{"name": "postgres", "data": {"password": {"generate": 48}}}],
    }
    done = complete_app(app, str(folder), changes)
    assert done["namespace"] == "staging"
    assert done["images"][0]["path"] == str(folder / "other")
    assert done["images"][0]["args"] == {"BASE_IMAGE": "python:3.11"}
    assert [(load["name"], load["dapr"]) for load in done["workloads"]] == [("backend-api", False), ("postgres", False), ("worker", False)]
    assert done["secrets"][0]["data"] == {"password": {"generate": 48}}


def test_lists_without_names_are_replaced():
    assert merge({"manifests": ["a"]}, {"manifests": ["b"]}, APP) == {"manifests": ["b"]}


def test_override_with_a_second_secret_source_is_refused(app, folder):
    found, _text = problems(app, folder, overrides={"secrets": [{"name": "postgres", "data": {"password": {"value": "hunter22"}}}]})
    assert "has generate and value" in found["runbook_app.secrets[0].data.password"]


def test_all_errors_are_reported_together_with_their_paths(app, folder):
    app["naem"] = "x"
    app["name"] = "Todo"
    app["images"].append({"name": "backend-api", "contxt": "x"})
    app["workloads"][0]["dapr"] = "yes"
    app["health"][0]["status"] = "200"
    app["address"] = "frontend"
    found, text = problems(app, folder)
    assert found["runbook_app.naem"] == "is not a known key; did you mean name?"
    assert "RFC 1123" in found["runbook_app.name"]
    assert found["runbook_app.images[1].contxt"].endswith("did you mean context?")
    assert found["runbook_app.images[1].name"] == "backend-api is a duplicate of runbook_app.images[0]"
    assert "true or false" in found["runbook_app.workloads[0].dapr"]
    assert "100 to 599" in found["runbook_app.health[0].status"]
    assert "must be a mapping" in found["runbook_app.address"]
    assert text.startswith("runbook_app has 7 errors:\n  runbook_app.")


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"images": [{"name": "x", "context": "nowhere"}]}, "images[1].context", "there is no folder"),
        ({"images": [{"name": "x", "archive": "nowhere.tar"}]}, "images[1].archive", "there is no file"),
        ({"images": [{"name": "x", "context": "backend", "archive": "x.tar"}]}, "images[1]", "either built or loaded from an archive"),
        ({"images": [{"name": "backend-api", "dockerfile": "tools/Dockerfile"}]}, "images[0].dockerfile", "backend/tools/Dockerfile"),
        ({"images": [{"name": "x:v1", "context": "backend"}]}, "images[1].name", "without registry and tag"),
        ({"images": [{"name": "backend-api", "args": {"A": 1}}]}, "images[0].args.A", "must be a string, got a number; quote it"),
        ({"manifests": ["nowhere.yml"]}, "manifests[0]", "there is no file or folder"),
        ({"manifests": ["backend"]}, "manifests[0]", "has no file that ends in"),
        ({"manifests": []}, "manifests", "must not be empty"),
        ({"workloads": [{"name": "x", "kind": "Deploymnet"}]}, "workloads[2].kind", "did you mean Deployment?"),
        ({"workloads": "x"}, "workloads", "must be a list, got a string"),
        ({"health": [{"name": "x", "service": "1x"}]}, "health[1].service", "a letter at the start"),
        ({"health": [{"name": "x", "service": "x", "path": "health"}]}, "health[1].path", "start with /"),
        ({"database": {"secret": "nobody", "key": "x"}}, "database", "not in runbook_app.secrets"),
        ({"auth": {"secret": "nobody", "key": "x", "service": "web"}, "workloads": [SIGNER]}, "auth", "not in runbook_app.secrets"),
        ({"auth": {"secret": "postgres", "key": "password", "service": "web"}}, "workloads", "set signs: true"),
        ({"auth": {"secret": "postgres", "key": "password"}}, "auth.service", "is missing"),
        ({"namespace": "a.b"}, "namespace", "RFC 1123"),
        ({"secrets": [{"name": "x", "data": {"k": {"copy": "postgres/pasword"}}}]}, "secrets[2].data.k", "there is postgres/password"),
        ({"secrets": [{"name": "x", "data": ["k"]}]}, "secrets[2].data", "must be a mapping, got a list"),
    ],
)
def test_single_error(app, folder, change, place, words):
    found, _text = problems(app, folder, overrides=change)
    assert words in found[f"runbook_app.{place}"]
    assert len(found) == 1


def test_relative_folder_is_refused(app):
    with pytest.raises(RunbookError, match="absolute"):
        complete_app(app, "examples/todo")


@pytest.mark.parametrize("nothing", [None, [], "app"])
def test_description_must_be_a_mapping(folder, nothing):
    found, _text = problems(nothing, folder)
    assert "must be a mapping" in found["runbook_app"]


@pytest.mark.parametrize(("overrides", "kind"), [("namespace=staging", "a string"), ("", "a string"), ([], "a list"), (False, "a boolean")])
def test_overrides_must_be_a_mapping(app, folder, overrides, kind):
    with pytest.raises(RunbookError, match=f"runbook_app_overrides must be a mapping .* got {kind}"):
        complete_app(app, str(folder), overrides=overrides)


@pytest.mark.parametrize(("address", "path"), [
    ({"via": "ingres"}, "runbook_app.address.via"), ({"url": "app.example.org"}, "runbook_app.address.url"),
    ({"port": 70000}, "runbook_app.address.port"), ({"forward": "yes"}, "runbook_app.address.forward"), ({"forward": True}, "runbook_app.address.forward"),
])  # fmt: skip
def test_errors_of_the_address_name_the_path(app, folder, address, path):
    app["address"].update(address)
    with pytest.raises(RunbookError, match=path):
        complete_app(app, str(folder))
