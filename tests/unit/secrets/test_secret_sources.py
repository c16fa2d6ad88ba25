# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The notation of where a Secret's value comes from."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secret_sources import Ref, problems_of, sources_of, stages_of

PLANTED = "hunter2-planted"


def problems(**data):
    return [sentence for _place, sentence in problems_of([{"name": "a", "data": data}], "secrets")]


@pytest.mark.parametrize(
    "source",
    [
        {"generate": 16},
        {"generate": 32, "rotated_by": "rotate_secret.yml"},
        {"value": ""},
        {"value": "x y"},
        {"template": "x{a/k}y"},
        {"template": '{"json": "{a/k}"}'},
        {"template": "{a/k|url}"},
        {"copy": "a/k"},
    ],
)
def test_what_is_allowed(source):
    assert problems(k={"generate": 16}, other=source) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"generate": 8}, "from 16 to"),
        ({"generate": True}, "number of characters"),
        ({"generate": "32"}, "number of characters"),
        ({"value": 5}, "quote numbers"),
        ({"value": PLANTED, "generate": 32}, "has generate and value"),
        ({}, "has none of them"),
        ({"rotated_by": "x.yml"}, "has none of them"),
        ({"value": PLANTED, "rotated_by": ""}, "name of the playbook"),
        ({"vaule": PLANTED}, "has unknown keys: vaule"),
        (PLANTED, "must be a mapping"),
        ({"template": f"{PLANTED}" + "{a.k}"}, "not {secret/key}"),
        ({"template": PLANTED}, "refers to no key"),
        ({"copy": PLANTED}, "secret/key"),
        ({"copy": "a/nothing"}, "in no Secret of this list"),
    ],
)
def test_what_is_refused_and_never_shown(source, words):
    found = problems(k={"generate": 16}, other=source)
    assert any(words in sentence for sentence in found)
    assert PLANTED not in " ".join(found)


def test_a_key_that_kubernetes_would_refuse():
    assert "letters, digits" in problems(**{"a b": {"generate": 16}})[0]


def test_keys_made_of_each_other():
    found = problems(x={"copy": "a/y"}, y={"template": "-{a/x}-"}, z={"generate": 16})
    assert found == ["these keys depend on each other in a cycle: a/x, a/y"]


def test_stages_follow_the_references():
    sources = sources_of(
        [{"name": "a", "data": {"z": {"copy": "a/y"}, "y": {"template": "-{a/x}"}, "x": {"generate": 16}, "v": {"value": ""}}}]
    )
    assert [[ref.key for ref in stage] for stage in stages_of(sources)] == [["x", "v"], ["y"], ["z"]]


def test_a_source_does_not_print_its_value():
    assert PLANTED not in repr(sources_of([{"name": "a", "data": {"k": {"value": PLANTED}}}]))
    assert str(Ref("a", "k")) == "a/k"
