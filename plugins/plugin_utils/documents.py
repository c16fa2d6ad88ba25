# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the documents of a manifest as kubectl does: JSON, or YAML with the scalars of sigs.k8s.io/yaml. Pure.

PyYAML's own loader turns 12:30:45 into a number and a date into an object, takes 0o644 for a string, and accepts duplicate keys. The rules
for scalars are those of resolve.go in sigs.k8s.io/yaml/goyaml.v2. Messages name the line, never its text, as it may contain a secret.
"""

from __future__ import annotations

import base64
import json
import math
import re

import yaml
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

INTEGER = re.compile(r"[-+]?(?:0[bB][01]+|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
LEGACY_OCTAL = re.compile(r"([-+]?)0([0-7]+)")
WORDS: dict[str, bool | float | None] = {
    **{form: True for word in ("y", "yes", "true", "on") for form in (word, word.capitalize(), word.upper())},
    **{form: False for word in ("n", "no", "false", "off") for form in (word, word.capitalize(), word.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{sign + form: float(f"{sign}inf") for sign in ("", "+", "-") for form in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
SMALLEST, LARGEST = -(2**63), 2**64 - 1  # of the integers; beyond them a number is a float
BLANK = "\ufeff \t\r\n"
TAG = "tag:yaml.org,2002:"
TYPES = {bool: "bool", int: "int", float: "float", type(None): "null", str: "str"}


def plain_scalar(text: str) -> str | bool | int | float | None:
    """The value of a scalar without quotes."""
    if text in WORDS:
        return WORDS[text]
    digits = text.replace("_", "")
    if text[0] not in "+-.0123456789":
        return text
    if INTEGER.fullmatch(digits):
        number = int(LEGACY_OCTAL.sub(r"\g<1>0o\2", digits), 0) if LEGACY_OCTAL.fullmatch(digits) else int(digits, 0)
        return number if SMALLEST <= number <= LARGEST else float(number)
    if FLOAT.fullmatch(digits):
        value = float(digits)
        if math.isinf(value):
            return text
        return int(value) if value.is_integer() and SMALLEST <= value <= LARGEST else value  # as Go writes it in JSON
    return text


QUOTING = {
    "found undefined alias": "found an undefined alias; a text that begins with * needs quotes",
    "could not determine a constructor for the tag": "found an unknown tag; a text that begins with ! needs quotes",
    "found undefined tag handle": "found an undefined tag handle; a text that begins with ! needs quotes",
}


class ManifestLoader(yaml.SafeLoader):
    """YAML as kubectl reads it, without duplicate keys."""

    def resolve(self, kind, value, implicit):
        """The tag of a node without an explicit tag."""
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, (False, True))
        return f"{TAG}merge" if value == "<<" else f"{TAG}{TYPES[type(plain_scalar(value))]}"

    def compose_node(self, parent, index):
        """A node. Its anchor replaces an earlier one of the same name, as YAML allows."""
        event = self.peek_event()
        if not isinstance(event, yaml.AliasEvent) and getattr(event, "anchor", None):
            self.anchors.pop(event.anchor, None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        """A mapping. Raises ConstructorError for a duplicate key."""
        scalars = [key for key, _value in node.value if isinstance(key, yaml.ScalarNode) and key.tag != f"{TAG}merge"]
        known = set()
        for key in scalars:
            if key.value in known:
                raise yaml.constructor.ConstructorError(problem=f"duplicate key {key.value}", problem_mark=key.start_mark)
            known.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_plain(self, node):
        """A scalar whose tag says that it is no string."""
        return plain_scalar(self.construct_scalar(node))

    def construct_binary(self, node):
        """The decoded text of a scalar with the tag binary."""
        try:
            return base64.b64decode(self.construct_scalar(node)).decode()
        except ValueError as error:
            raise yaml.constructor.ConstructorError(problem="not the base64 of a text", problem_mark=node.start_mark) from error


for _name in ("bool", "int", "float", "null"):
    ManifestLoader.add_constructor(f"{TAG}{_name}", ManifestLoader.construct_plain)
ManifestLoader.add_constructor(f"{TAG}timestamp", ManifestLoader.construct_scalar)
ManifestLoader.add_constructor(f"{TAG}binary", ManifestLoader.construct_binary)


def read_documents(file: str, text: str) -> list:
    """All documents of a manifest. Raises RunbookError with the file and the line."""
    try:
        return _read_json(text) if text.lstrip(BLANK).startswith("{") else _read_yaml(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        rendered = " of the rendered template" if file.endswith(".j2") else ""
        where = f", line {mark.line + 1}, column {mark.column + 1}{rendered}" if mark else ""
        raise RunbookError(f"{file}{where}: invalid YAML: {_problem(error)}.") from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        raise RunbookError(f"{file}: invalid YAML: {str(error).splitlines()[0]}.") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    """PyYAML's words, which quote the names of aliases and tags: an unquoted password may begin with * or !."""
    problem = error.problem or error.context or "unknown"
    return next((words for start, words in QUOTING.items() if problem.startswith(start)), problem)


def _read_yaml(text: str) -> list:
    return list(yaml.load_all(text, ManifestLoader))


def _read_json(text: str) -> list:
    """JSON documents, one after the other. What is not JSON, or has a duplicate key, is read as YAML's flow style, which names the line."""
    decoder = json.JSONDecoder(object_pairs_hook=_without_duplicates)
    rest, documents = text.lstrip(BLANK), []
    try:
        while rest:
            document, end = decoder.raw_decode(rest)
            documents.append(document)
            rest = rest[end:].lstrip()
    except ValueError:
        return _read_yaml(text)
    return documents


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("duplicate key")
    return mapping
