# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The body of an apply is valid JSON and YAML for any characters, and values that cannot be sent are named."""

from __future__ import annotations

import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.cluster.body import apply_body, require_sendable
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from strict_yaml import InvalidYaml, read_yaml


def config_map(**data) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "words"}, "data": data}


TEXTS = {
    "emoji": "ship it 🚀", "emoji of several": "👩‍👩‍👧", "last character": "\U0010ffff", "next line": "a\x85b", "separators": "a \u2028 b \u2029 c",
    "byte order mark": "\ufeffa\ufeff", "DEL and C1": "a\x7fb\x9fc", "C0": "\x00\x07\x1b", "no characters": "\ufffe\uffff", "umlaut": "grün",
    "lines": "a\n\tb\r\n", "an escape as text": "\\ud83d\\ude80 \\u0085 \\\x85", "quotes": "'\"#: {}[]", "cyrillic": "привет",
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_json_and_yaml_parse_to_the_original(text):
    obj = config_map(**{"a": text, f"key {text}": "value"})
    body = apply_body(obj)
    assert read_yaml(body) == obj and json.loads(body.decode("utf-8")) == obj


def test_characters_above_the_basic_plane_are_not_escaped():
    assert "🚀".encode() in apply_body(config_map(a="🚀"))


@pytest.mark.parametrize("text", ["🚀", "a\x85b", "a \u2028 b", "\x7f"])
def test_the_parser_of_this_test_rejects_surrogates_and_raw_line_breaks(text):
    """What Python's json would write by itself is refused, or is something else for the reader."""
    for plainly in (json.dumps(config_map(a=text)), json.dumps(config_map(a=text), ensure_ascii=False)):
        try:
            if read_yaml(plainly.encode()) != config_map(a=text):
                return
        except InvalidYaml:
            return
    pytest.fail("the reader understands both forms, so it proves nothing")


LONE = "do-not-show \ud83d"
REFUSED = {
    "a value": (config_map(a=LONE), "data.a contains half of a character"),
    "a place in a list": ({**config_map(), "list": ["good", {"b": LONE}]}, "list[1].b contains half of a character"),
    "a key": (config_map(**{LONE: "x"}), "a key of data contains half of a character"),
    "infinite": (config_map(a=float("inf")), "data.a is infinite or not a number"),
    "not a number": (config_map(a=float("nan")), "data.a is infinite or not a number"),
}


@pytest.mark.parametrize(("obj", "words"), REFUSED.values(), ids=REFUSED)
def test_unsendable_values_are_named_but_not_shown(obj, words):
    with pytest.raises(RunbookError) as error:
        apply_body(obj)
    message = str(error.value)
    assert message.startswith("ConfigMap words cannot be applied: ") and words in message and "do-not-show" not in message
    message.encode()


def test_other_bodies_are_checked_too():
    with pytest.raises(RunbookError, match=r"^PATCH /x: \[0\]\.value contains half"):
        require_sendable([{"op": "add", "value": "\udcfc"}], "PATCH /x")
    require_sendable(None, "GET /x")
