# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests are read as kubectl reads them: the expected values are what `kubectl annotate --local -o json` prints."""

from __future__ import annotations

import math

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.plugin_utils.documents import plain_scalar, read_documents


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12:30:45", "12:30:45"), ("10:30", "10:30"), ("2024-01-01", "2024-01-01"), ("2024-01-01 10:00:00", "2024-01-01 10:00:00"),
        ("=", "="), ("0o644", 420), ("0644", 420), ("0x1F", 31), ("0b11", 3), ("08", 8), ("1_000", 1000), ("_1", "_1"), ("-0", 0),
        ("1e3", 1000), ("1.0", 1), (".5", 0.5), ("1.2.3", "1.2.3"), (".", "."), ("+", "+"), ("1e400", "1e400"),
        ("18446744073709551615", 2**64 - 1), ("18446744073709551616", float(2**64)), ("-.INF", -math.inf),
        ("y", True), ("No", False), ("tRue", "tRue"), ("~", None), ("", None), ("null", None), ("nil", "nil"),
    ],
)  # fmt: skip
def test_plain_scalars(text, value):
    assert plain_scalar(text) == value and type(plain_scalar(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("a: '12'\nb: \"no\"\nc: !!str 12\nd: !!float 2\n", {"a": "12", "b": "no", "c": "12", "d": 2}),
        ("data: {a: &d x, b: &d z, c: *d}", {"data": {"a": "x", "b": "z", "c": "z"}}),
        ("a: &base {x: 1, y1: 2}\nb: {<<: *base, x: 3}", {"a": {"x": 1, "y1": 2}, "b": {"x": 3, "y1": 2}}),
        ("crontab: |\n  * * * * * root run\n", {"crontab": "* * * * * root run\n"}),
        ("a: !!binary aGVsbG8=\nb: !!timestamp 2024-01-01\n", {"a": "hello", "b": "2024-01-01"}),
        ('{\n\t"a": "12:30",\n\t"b": 1.0\n}\n', {"a": "12:30", "b": 1.0}),
        ("{a: yes}", {"a": True}),
        ("\ufeffa: 1\n", {"a": 1}),
    ],
)
def test_documents(text, document):
    assert read_documents("f.yml", text) == [document]


def test_several_documents_of_yaml_and_of_json():
    assert read_documents("f.yml", "a: 1\n---\n---\nb: 2\n") == [{"a": 1}, None, {"b": 2}]
    assert read_documents("f.json", '{"a": 1}\n{"b": 2}') == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: A\ndata: {x: hush}\ndata: {y: hush}\n", "f.yml, line 3, column 1: invalid YAML: duplicate key data."),
        ('{"a": {"b": "hush",\n "b": "hush"}}', "f.yml, line 2, column 2: invalid YAML: duplicate key b."),
        ("a: hush\n\tb: hush", "f.yml, line 2, column 1: invalid YAML"),
        ("a: *hush", "f.yml, line 1, column 4: invalid YAML: found an undefined alias; a text that begins with * needs quotes."),
        ("a: !hush 1", "f.yml, line 1, column 4: invalid YAML: found an unknown tag"),
        ("a: !hu!sh 1", "f.yml, line 1, column 4: invalid YAML: found an undefined tag handle"),
        ("a: !!binary hush", "f.yml, line 1, column 4: invalid YAML: not the base64 of a text"),
        ("a: hush\x00", "f.yml: invalid YAML"),
    ],
)
def test_what_is_invalid_is_located_and_never_quoted(text, message):
    with pytest.raises(RunbookError) as error:
        read_documents("f.yml", text)
    assert str(error.value).startswith(message), str(error.value)
    assert "hush" not in str(error.value) and "hu!sh" not in str(error.value) and error.value.__suppress_context__


def test_the_line_of_a_template_is_that_of_its_result():
    with pytest.raises(RunbookError, match=r"^f\.yml\.j2, line 2, column 1 of the rendered template: invalid YAML"):
        read_documents("f.yml.j2", "a: 1\n\tb: 2")
