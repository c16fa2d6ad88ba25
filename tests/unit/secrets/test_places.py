# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Places of a value as text, and the comparison as lines."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.places import compare_lines, locations_of


@pytest.mark.parametrize(("text", "location"), [
    ("frontend-secrets/better-auth-secret", {"secret": "frontend-secrets", "key": "better-auth-secret"}),
    ("secret/a/b", {"secret": "a", "key": "b"}), ("configmap/a/b", {"config_map": "a", "key": "b"}),
    ("deployment/frontend/DATABASE_URL", {"workload": "Deployment/frontend", "env": "DATABASE_URL"}),
    ("StatefulSet/db/WORD", {"workload": "StatefulSet/db", "env": "WORD"}), ("file:/run/secrets/a,b", None), ("file:~/a", {"file": "~/a"}),
])  # fmt: skip
def test_forms_of_a_place(text, location):
    if location:
        assert locations_of([text]) == [location]
        assert locations_of(f"a/b, {text}") == [{"secret": "a", "key": "b"}, location]
    else:  # a comma separates places in a text, and not in a list
        assert locations_of([text]) == [{"file": "/run/secrets/a,b"}]


def test_a_mapping_is_kept():
    given = {"secret": "a", "key": "b", "namespace": "shop"}
    assert locations_of([given, "a/b"]) == [given, {"secret": "a", "key": "b"}]


def test_consumers_are_those_of_stored_values():
    locations = locations_of("a/b,configmap/a/b,deployment/a/B", check_consumers=True)
    assert [one.get("check_consumers") for one in locations] == [True, True, None]


@pytest.mark.parametrize("text", ["a//b", "pod/a/b", "a/b/c/d", "/b"])
def test_other_forms_are_refused_with_the_known_ones(text):
    with pytest.raises(RunbookError, match=f"'{text}' is no place of a value. A place is SECRET/KEY, configmap/NAME/KEY"):
        locations_of([text])


def test_what_may_be_a_value_is_not_shown():
    with pytest.raises(RunbookError, match="A text without a slash is no place") as caught:
        locations_of("the-value-itself")
    assert "the-value-itself" not in str(caught.value)


def test_something_else_is_refused():
    with pytest.raises(RunbookError, match="Places must be a list"):
        locations_of({"a": "b"})


@pytest.mark.parametrize(("verdict", "words"), [("equal", "same value"), ("different", "differ"), ("missing", "No place"), ("unknown", "not every place")])
def test_verdicts(verdict, words):
    assert words in compare_lines({"verdict": verdict, "locations": [], "differences": []})[0]


def test_lines():
    locations = [
        {"location": "Secret a/b, key c", "state": "present", "length": "1 to 15 bytes", "group": 1},
        {"location": "pod a/d", "state": "unknown", "reason": "the container is not running"}, {"location": "Secret a/e, key c", "state": "missing"},
    ]  # fmt: skip
    differences = [{"location": "Secret a/e, key c", "kinds": ["missing"], "message": "Secret a/e, key c is missing."}]
    assert compare_lines({"verdict": "different", "locations": locations, "differences": differences}) == [
        "The values differ.", "Secret a/b, key c: present, 1 to 15 bytes, value 1", "pod a/d: unknown: the container is not running",
        "Secret a/e, key c: missing", "Secret a/e, key c is missing.",
    ]  # fmt: skip
