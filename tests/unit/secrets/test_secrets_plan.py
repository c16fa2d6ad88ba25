# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys are written, unchanged, restored or refused."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.secrets import StoredSecret
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secret_sources import Ref, sources_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.plan import make_plan, rotation_warnings

PLANTED = "hunter2-planted"


def sources(**secrets):
    return sources_of([{"name": name.replace("_", "-"), "data": data} for name, data in secrets.items()])


def stored(_values, **state):
    return StoredSecret(version="1", values={key: value.encode() for key, value in _values.items()}, **state)


def generate(length):
    return "g" * length


def plan(wanted, **present):
    return make_plan({name.replace("_", "-"): secret for name, secret in present.items()}, wanted, generate)


def written(made):
    return [(write.secret, write.data, write.create) for write in made.writes]


TODO = sources(
    postgres={"password": {"generate": 16}},
    api={"url": {"template": "postgresql://todo:{postgres/password}@db/todo"}, "auth": {"copy": "web/auth"}},
    web={"auth": {"generate": 32, "rotated_by": "rotate_secret.yml"}},
)


def test_a_first_run_writes_what_is_generated_before_what_is_made_of_it():
    assert written(plan(TODO)) == [
        ("postgres", {"password": b"g" * 16}, True),
        ("web", {"auth": b"g" * 32}, True),
        ("api", {"url": b"postgresql://todo:" + b"g" * 16 + b"@db/todo", "auth": b"g" * 32}, True),
    ]


def test_one_secret_in_two_stages_is_created_once():
    made = plan(sources(a={"second": {"copy": "a/first"}, "first": {"generate": 16}}))
    assert [(write.create, list(write.data)) for write in made.writes] == [(True, ["first"]), (False, ["second"])]


def test_a_second_run_writes_nothing():
    made = plan(
        TODO,
        postgres=stored({"password": "short"}),
        web=stored({"auth": "s3cr3t"}),
        api=stored({"url": "postgresql://todo:short@db/todo", "auth": "s3cr3t"}),
    )
    assert made.writes == []
    assert set(made.keys.values()) == {"unchanged"}


def test_what_a_killed_run_left_is_built_upon():
    made = plan(TODO, postgres=stored({"password": "first"}))
    assert "postgres" not in [name for name, _data, _create in written(made)]
    assert written(made)[-1][1]["url"] == b"postgresql://todo:first@db/todo"


def test_missing_keys_are_added_to_a_secret_made_by_hand():
    made = plan(sources(a={"k": {"generate": 16}, "v": {"value": "x"}}), a=stored({"k": "mine", "other": "o"}))
    assert written(made) == [("a", {"v": b"x"}, False)]


def test_a_changed_value_is_updated_and_what_is_made_of_it_too():
    made = plan(sources(a={"user": {"value": "new"}, "url": {"template": "//{a/user}@db"}}), a=stored({"user": "old", "url": "//old@db"}))
    assert made.keys == {Ref("a", "user"): "updated", Ref("a", "url"): "updated"}


@pytest.mark.parametrize("source", [{"value": PLANTED}, {"template": PLANTED + "{b/x}"}, {"copy": "b/x"}])
def test_a_rotated_value_that_differs_is_refused_naming_the_playbook(source):
    wanted = sources(a={"k": {**source, "rotated_by": "rotate_secret.yml"}}, b={"x": {"value": PLANTED}, "new": {"generate": 16}})
    with pytest.raises(RunbookError, match="rotate_secret.yml") as refused:
        plan(wanted, a=stored({"k": PLANTED + "-in-use"}))
    assert str(refused.value).startswith("The value of a/k in the cluster differs")
    assert PLANTED not in str(refused.value) + str(refused.value.facts)


def test_a_rotated_value_that_is_missing_or_the_same_is_fine():
    wanted = sources(a={"k": {"value": "v", "rotated_by": "r.yml"}})
    assert written(plan(wanted)) == [("a", {"k": b"v"}, True)]
    assert plan(wanted, a=stored({"k": "v"})).writes == []


CHAIN = sources(
    web={"auth": {"generate": 32, "rotated_by": "rotate_secret.yml"}}, api={"auth": {"copy": "web/auth"}}, mcp={"auth": {"copy": "api/auth"}},
)  # fmt: skip


@pytest.mark.parametrize("rotating", [True, False])
def test_copies_of_a_value_that_is_rotated_now_are_left_unchanged(rotating):
    """A copy for a workload with one secret has the new value before the value itself, which the auth servers with versions keep until the end."""
    web, api, mcp = stored({"auth": PLANTED}, rotating=rotating), stored({"auth": "new"}), stored({"auth": "new"})
    made = plan(CHAIN, web=web, api=api, mcp=mcp)
    assert bool(made.writes) is not rotating
    warnings = rotation_warnings(CHAIN, {"web": web, "api": api, "mcp": mcp})
    assert warnings == (
        ["A rotation of web/auth is in progress, so api/auth, mcp/auth keep their values. Complete it with rotate_secret.yml."] if rotating else []
    )


def test_a_rotation_prevents_no_other_write():
    """A copy that is missing, and copies of values that are not rotated."""
    rotating = stored({"auth": "old", "url": "//db"}, rotating=True)
    wanted = sources(
        web={"auth": {"generate": 32, "rotated_by": "rotate_secret.yml"}, "url": {"value": "//db"}},
        api={"auth": {"copy": "web/auth"}, "url": {"copy": "web/url"}},
    )
    assert written(plan(wanted, web=rotating, api=stored({"url": "//other"}))) == [("api", {"auth": b"old", "url": b"//db"}, False)]
    assert rotation_warnings(wanted, {"web": rotating, "api": stored({"auth": "old"})}) == []


def test_a_lost_generated_value_comes_back_from_its_copy():
    made = plan(TODO, api=stored({"url": "x", "auth": "still-here"}))
    assert ("web", {"auth": b"still-here"}, True) in written(made)
    assert made.keys[Ref("web", "auth")] == "restored"
    assert made.keys[Ref("api", "auth")] == "unchanged"


def test_copies_that_differ_are_not_guessed_between():
    wanted = sources(a={"k": {"generate": 16}}, b={"k": {"copy": "a/k"}}, c={"k": {"copy": "a/k"}})
    with pytest.raises(RunbookError, match="its copies differ"):
        plan(wanted, b=stored({"k": "one"}), c=stored({"k": "two"}))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"immutable": True}, "immutable"),
        ({"owner": "SealedSecret a"}, "belongs to SealedSecret a"),
        ({"managed_by": "Helm"}, "managed by Helm"),
        ({"deleting": True}, "being deleted"),
    ],
)
def test_foreign_secrets_are_read_but_not_changed(state, words):
    wanted = sources(a={"k": {"value": "v"}})
    assert plan(wanted, a=stored({"k": "v"}, **state)).writes == []
    with pytest.raises(RunbookError, match=words):
        plan(wanted, a=stored({"k": "other"}, **state))


def test_all_refusals_at_once():
    wanted = sources(a={"k": {"value": "v", "rotated_by": "r.yml"}}, b={"k": {"value": "v"}})
    with pytest.raises(RunbookError) as refused:
        plan(wanted, a=stored({"k": "x"}), b=stored({"k": "x"}, immutable=True))
    assert len(refused.value.facts["refusals"]) == 2


def test_percent_encoding_and_braces_that_are_no_reference():
    wanted = sources(a={"p": {"value": "a/b@c ü"}, "url": {"template": '{"u": "//u:{a/p|url}@db"}'}})
    assert written(plan(wanted))[1][1] == {"url": b'{"u": "//u:a%2Fb%40c%20%C3%BC@db"}'}


def test_binary_values_can_be_copied_but_not_put_into_a_template():
    wanted = sources(a={"k": {"generate": 16}}, b={"k": {"copy": "a/k"}})
    assert plan(wanted, a=StoredSecret("1", {"k": b"\xff\x00"})).writes[0].data == {"k": b"\xff\x00"}
    with pytest.raises(RunbookError, match="not valid UTF-8"):
        plan(sources(a={"k": {"generate": 16}}, b={"k": {"template": "{a/k}"}}), a=StoredSecret("1", {"k": b"\xff\x00"}))


def test_nothing_planned_prints_a_value():
    made = plan(sources(a={"k": {"value": PLANTED}}))
    assert PLANTED not in repr(made) + repr(stored({"k": PLANTED}))
