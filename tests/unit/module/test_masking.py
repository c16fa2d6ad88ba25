# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking values out of what is printed."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.masking import HIDDEN, MASK, masked, printed_forms, taken_out


def test_values_are_masked_wherever_they_stand_and_names_stay():
    data = {"planted-value": ["a planted-value b", ("planted-value",)], "n": 12345678, "yes": True, "none": None, "name": "frontend"}
    assert masked(data, {"planted-value", "12345678"}) == {
        "planted-value": [f"a {MASK} b", [MASK]], "n": MASK, "yes": True, "none": None, "name": "frontend",
    }  # fmt: skip


def test_a_value_that_is_part_of_another_leaves_no_rest():
    assert masked("planted-and-more", {"planted-", "planted-and-more"}) == MASK


def test_nothing_is_no_value():
    assert masked("text", {""}) == "text"


def test_a_value_is_hidden_in_the_forms_that_messages_have():
    assert printed_forms(["planted-value\n"]) == {"planted-value\n", "planted-value", "cGxhbnRlZC12YWx1ZQo=", "cGxhbnRlZC12YWx1ZQ=="}
    assert printed_forms([b"planted-\xff"]) == {"planted-\ufffd", "cGxhbnRlZC3/"}


@pytest.mark.parametrize("short", ["", "1", "todo", "       \n"])
def test_what_is_too_short_to_be_a_secret_would_black_out_words(short):
    assert printed_forms([short]) == set()


def test_what_was_taken_out_of_an_option():
    given = [{"name": "a", "value": 5, "more": {"x": ["y", None]}}, {"name": "b", "value": None}]
    shown = [{"name": "a", "value": HIDDEN, "more": HIDDEN}, {"name": "b", "value": None}]
    assert sorted(taken_out(given, shown)) == ["5", "y"]
