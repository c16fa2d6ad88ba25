# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Masking values in output."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.masking import HIDDEN, MASK, hidden_texts, masked, printed_forms, without_accounts


def test_values_are_masked_and_names_are_not():
    data = {"planted-value": ["a planted-value b", ("planted-value",)], "n": 12345678, "yes": True, "none": None, "name": "frontend"}
    assert masked(data, {"planted-value", "12345678"}) == {
        "planted-value": [f"a {MASK} b", [MASK]], "n": MASK, "yes": True, "none": None, "name": "frontend",
    }  # fmt: skip


def test_a_value_inside_another_leaves_no_remainder():
    assert masked("planted-and-more", {"planted-", "planted-and-more"}) == MASK


def test_empty_values_mask_nothing():
    assert masked("text", {""}) == "text"


def test_forms_in_which_a_value_may_be_printed():
    assert printed_forms(["planted-value\n"]) == {"planted-value\n", "planted-value", "cGxhbnRlZC12YWx1ZQo=", "cGxhbnRlZC12YWx1ZQ=="}
    assert printed_forms([b"planted-\xff"]) == {"planted-\ufffd", "cGxhbnRlZC3/"}


@pytest.mark.parametrize("short", ["", "1", "todo", "       \n"])
def test_short_values_are_not_masked(short):
    assert printed_forms([short]) == set()


def test_hidden_texts_of_an_option():
    entries = [{"name": "a", "value": 5, "more": {"x": ["y", None]}}, {"name": "b", "value": None}]
    shown = [{"name": "a", "value": HIDDEN, "more": HIDDEN}, {"name": "b", "value": None}]
    assert sorted(hidden_texts(entries, shown)) == ["5", "y"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bad URL 'postgresql+psycopg2://u:hun/ter#2?@x@db:5432/x', see docs", "bad URL 'postgresql+psycopg2://***@db:5432/x', see docs"),
        ("redis://:hunter2@cache/0 and amqps://u:p@queue", "redis://***@cache/0 and amqps://***@queue"),
        ("https://u:hun@ter2@host/a@b?c=d@e", "https://***@host/a@b?c=d@e"),
        ("GET https://host/a@b and postgres://db/x for a@b", "GET https://host/a@b and postgres://db/x for a@b"),
    ],
)
def test_the_accounts_of_urls(text, shown):
    assert without_accounts(text) == shown
