# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing Secrets against an API server that others write to as well."""

from __future__ import annotations

import base64
import itertools

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.errors import ApiError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.secrets import ROTATION
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.masking import hidden_texts
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secret_sources import sources_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.apply import ensure, hidden_generator, random_text
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.options import SecretsOptions, checked_sources, redact_secrets
from fake_cluster import FakeCluster

WANTED = sources_of(
    [
        {"name": "db", "data": {"password": {"generate": 16}, "url": {"template": "//{db/password}@db"}}},
        {"name": "api", "data": {"password": {"copy": "db/password"}}},
    ]
)

ROTATED = [
    {"name": "db", "data": {"password": {"generate": 16, "rotated_by": "rotate_secret.yml"}}},
    {"name": "api", "data": {"password": {"copy": "db/password"}}},
]


def run(cluster, wanted=WANTED, check=False):
    counter = itertools.count()
    options = SecretsOptions("default", wanted, {"team": "a"})
    return ensure(cluster, options, lambda length: f"generated-{next(counter)}".ljust(length, "x"), check)


def value(cluster, secret, key):
    return base64.b64decode(cluster.objects["Secret", "default", secret]["data"][key]).decode()


def encoded(**values):
    return {"data": {key: base64.b64encode(text.encode()).decode() for key, text in values.items()}}


def test_made_once_then_only_read():
    cluster = FakeCluster()
    report = run(cluster).report()
    assert report["changed"]
    assert report["secrets"][1] == {"name": "db", "action": "created", "data": {"password": "added", "url": "added"}}
    assert value(cluster, "db", "url") == f"//{value(cluster, 'api', 'password')}@db"
    assert cluster.objects["Secret", "default", "db"]["metadata"]["labels"] == {
        "team": "a",
        "app.kubernetes.io/managed-by": "runbook.minikube",
    }
    written = list(cluster.writes)
    again = run(cluster).report()
    assert not again["changed"]
    assert again["secrets"][0]["action"] == "unchanged"
    assert cluster.writes == written


def test_check_mode_reports_the_same_and_writes_nothing():
    cluster = FakeCluster()
    predicted = run(cluster, check=True)
    assert cluster.writes == []
    done = run(cluster)
    assert predicted.report() == done.report()
    assert predicted.diff() == done.diff()


@pytest.mark.parametrize("check", [True, False])
def test_a_copy_that_a_rotation_has_written_is_left_with_a_warning(check):
    cluster = FakeCluster()
    cluster.put("Secret", "db", {**encoded(password="old"), "metadata": {"annotations": {ROTATION: "has not ended"}}})
    cluster.put("Secret", "api", encoded(password="new"))
    result = run(cluster, sources_of(ROTATED), check)
    assert (result.warnings, cluster.writes, value(cluster, "api", "password")) == (
        ["A rotation of db/password is in progress, so api/password keeps its value. Complete it with rotate_secret.yml."], [], "new"
    )  # fmt: skip


def test_two_runs_at_once_agree_on_the_first_ones_value():
    cluster = FakeCluster()
    cluster.before_write = lambda *_what: cluster.put("Secret", "db", encoded(password="theirs"))
    report = run(cluster).report()
    assert value(cluster, "db", "password") == value(cluster, "api", "password") == "theirs"
    assert value(cluster, "db", "url") == "//theirs@db"
    assert report["secrets"][1]["data"] == {"password": "unchanged", "url": "added"}


@pytest.mark.parametrize("cut_at", range(3))
def test_a_run_cut_off_before_any_of_its_writes_is_completed_by_the_next(cut_at):
    cluster = FakeCluster()

    class CutOff(BaseException):
        pass

    def count(number):
        def hook(*_what):
            if number == cut_at:
                raise CutOff
            cluster.before_write = count(number + 1)

        return hook

    cluster.before_write = count(0)
    with pytest.raises(CutOff):
        run(cluster)
    before = value(cluster, "db", "password") if cut_at else None
    run(cluster)
    password = value(cluster, "db", "password")
    assert password == (before or password) == value(cluster, "api", "password")
    assert value(cluster, "db", "url") == f"//{password}@db"


def test_a_conflict_in_the_middle_keeps_what_was_reported_before():
    cluster = FakeCluster()
    cluster.put("Secret", "api", encoded(other="o"))

    def later(*_what):
        cluster.before_write = lambda *_again: cluster.put("Secret", "db", {**cluster.objects["Secret", "default", "db"], "extra": 1})

    cluster.before_write = later
    report = run(cluster).report()
    assert {entry["name"]: entry["action"] for entry in report["secrets"]} == {"db": "created", "api": "updated"}
    assert value(cluster, "api", "other") == "o"


def test_somebody_who_always_writes_first():
    cluster = FakeCluster()

    def conflict(*_arguments, **_options):
        raise ApiError("already exists", 409, "AlreadyExists")

    cluster.create = conflict
    with pytest.raises(RunbookError, match="changed by somebody else during each of 5 attempts"):
        run(cluster)


def test_changed_secrets_are_those_whose_values_were_replaced():
    cluster = FakeCluster()
    cluster.put("Secret", "a", encoded(k="old", same="same"))
    wanted = sources_of([{"name": "a", "data": {"k": {"value": "new"}, "same": {"value": "same"}, "more": {"value": "more"}}}])
    outcome = run(cluster, wanted)
    assert outcome.report()["changed_secrets"] == [{"name": "a", "data": ["k"]}]
    assert outcome.diff() == {
        "before": {"a": {"k": "<old value>", "same": "<unchanged>"}},
        "after": {"a": {"k": "<new value>", "more": "<new value>", "same": "<unchanged>"}, "a-former": {"k.1": "<old value>"}},
    }
    assert outcome.report()["former_values"] == [{"secret": "a", "key": "k", "former_secret": "a-former", "former_key": "k.1"}]
    assert value(cluster, "a-former", "k.1") == "old"


def test_values_of_several_stages_are_one_generation():
    cluster = FakeCluster()
    cluster.put("Secret", "a", encoded(k="old", url="//old"))
    wanted = sources_of([{"name": "a", "data": {"k": {"value": "new"}, "url": {"template": "//{a/k}"}}}])
    predicted, done = run(cluster, wanted, check=True), run(cluster, wanted)
    assert [one["former_key"] for one in done.report()["former_values"]] == ["k.1", "url.1"]
    assert predicted.report() == done.report() and predicted.diff() == done.diff()
    assert not run(cluster, wanted).report()["changed"]


@pytest.mark.parametrize("cut_at", range(4))
def test_a_run_cut_off_at_any_write_has_lost_no_value(cut_at):
    cluster = FakeCluster()
    cluster.put("Secret", "a", encoded(k="old", url="//old"))
    wanted = sources_of([{"name": "a", "data": {"k": {"value": "new"}, "url": {"template": "//{a/k}"}}}])

    def cut(number):
        def hook(*_what):
            if number == cut_at:
                raise ApiError("cut off", 500, "InternalError")
            cluster.before_write = cut(number + 1)

        return hook

    cluster.before_write = cut(0)
    with pytest.raises(RunbookError, match="cut off"):
        run(cluster, wanted)
    cluster.before_write = None
    report = run(cluster, wanted).report()
    assert report["changed"]
    assert (value(cluster, "a-former", "k.1"), value(cluster, "a-former", "url.1")) == ("old", "//old")
    assert set(cluster.objects["Secret", "default", "a-former"]["data"]) == {"k.1", "url.1"}


def test_a_failure_says_that_nothing_was_overwritten():
    cluster = FakeCluster()
    cluster.put("Secret", "a", encoded(k="old"))
    patch = cluster.patch

    def refuse(kind, name, *arguments, **options):
        if name == "a":
            raise ApiError("no", 422, "Invalid")
        return patch(kind, name, *arguments, **options)

    cluster.patch = refuse
    with pytest.raises(RunbookError, match="^Nothing was overwritten; values were added to a-former. The Secret a in namespace default could not"):
        run(cluster, sources_of([{"name": "a", "data": {"k": {"value": "new"}}}]))


def test_where_listing_is_forbidden_single_secrets_are_read():
    cluster = FakeCluster(forbidden=[("list", "Secret")])
    run(cluster)
    assert not run(cluster).report()["changed"]


@pytest.mark.parametrize(
    ("forbidden", "words"),
    [
        ([("list", "Secret"), ("get", "Secret")], "No Secret was changed. Not allowed to get secrets/api in namespace default"),
        ([("create", "Secret")], "No Secret was changed. Not allowed to create secrets in namespace default"),
    ],
)
def test_missing_permissions_are_named_before_anything_is_written(forbidden, words):
    cluster = FakeCluster(forbidden=forbidden)
    with pytest.raises(RunbookError, match=words):
        run(cluster)
    assert cluster.writes == []


def test_a_missing_permission_to_patch_names_the_secret():
    cluster = FakeCluster(forbidden=[("patch", "Secret")])
    cluster.put("Secret", "db", encoded(password="p"))
    with pytest.raises(RunbookError, match="Not allowed to patch secrets/db in namespace default"):
        run(cluster)
    assert cluster.writes == []


def test_a_failure_in_the_middle_reports_what_was_written():
    cluster = FakeCluster()

    def denied(*_arguments, **_options):
        raise ApiError("a webhook denied it", 400, "Invalid")

    cluster.patch = denied
    with pytest.raises(
        RunbookError, match="Written so far: db; the next run completes it. The Secret db in namespace default could not be written"
    ):
        run(cluster)


def test_a_missing_namespace():
    with pytest.raises(RunbookError, match="Namespace default of the Secret"):
        run(FakeCluster(namespaces=()))


def test_generated_text():
    made = {random_text(40) for _number in range(50)}
    assert len(made) == 50
    assert all(len(text) == 40 and text.isalnum() and text.isascii() for text in made)


SECRETS = [
    {
        "name": "todo",
        "data": {
            "user": {"value": "todo"},
            "password": {"value": "hunter2-planted"},
            "url": {"template": "//x:hunter2-planted@{todo/user}"},
            "auth": {"generate": 32, "rotated_by": "rotate_secret.yml"},
            "wrong": "hunter2-planted",
        },
    }
]


def test_what_is_printed_of_the_option_holds_no_value_and_keeps_each_kind():
    shown = redact_secrets(SECRETS)
    assert "hunter2-planted" not in str(shown)
    assert shown[0]["data"]["auth"] == {"generate": 32, "rotated_by": "rotate_secret.yml"}
    assert set(hidden_texts(SECRETS, shown)) == {"todo", "hunter2-planted", "//x:hunter2-planted@{todo/user}"}


def test_a_mistake_is_reported_without_a_value():
    with pytest.raises(RunbookError, match="wrong: must be a mapping") as refused:
        checked_sources(SECRETS)
    assert "hunter2" not in str(refused.value)


def test_what_is_generated_is_hidden():
    hidden = []
    text = hidden_generator(hidden.extend)(16)
    assert hidden == [text]


def test_a_source_keeps_its_kind():
    assert redact_secrets([{"name": "a", "data": {"k": {"value": 5}, "c": {"copy": "a/k"}}}]) == [
        {"name": "a", "data": {"k": {"value": "<hidden>"}, "c": {"copy": "a/k"}}},
    ]


@pytest.mark.parametrize(("wrong", "shown"), [
    ("name=a", "<hidden>"), (["a"], ["<hidden>"]), ([{"name": "a", "data": "k=v"}], [{"name": "a", "data": "<hidden>"}]),
])  # fmt: skip
def test_what_is_not_as_it_should_be_is_hidden(wrong, shown):
    assert redact_secrets(wrong) == shown
