# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of values, from which a schema is made. Pure.

A check yields (path, problem) pairs, with paths such as ``runbook_app.images[1].context``. No problem contains a value that may be a secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..secret_sources import is_text

Problems = Iterator[tuple[str, str]]

PORT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Field:
    """One key of a mapping: the check of its value, and its default."""

    check: Callable[[str, object], Problems]
    required: bool = False
    default: object = None


@dataclass(frozen=True)
class Mapping:
    """A mapping with known keys."""

    fields: dict[str, Field] = field(default_factory=dict)

    def __call__(self, path: str, value) -> Problems:
        if not isinstance(value, dict):
            yield path, f"must be a mapping with the keys {', '.join(self.fields)}, got {kind_of(value)}"
            return
        for key in value:
            if key not in self.fields:
                yield f"{path}.{key}", f"is not a known key{did_you_mean(key, self.fields)}"
        for key, known in self.fields.items():
            if value.get(key) is not None:
                yield from known.check(f"{path}.{key}", value[key])
            elif known.required:
                yield f"{path}.{key}", "is missing"


@dataclass(frozen=True)
class ListOf:
    """A list of members of one form; the values of the keys in ``named`` must be unique."""

    member: Callable[[str, object], Problems]
    named: tuple[str, ...] = ()
    min_length: int = 0

    def __call__(self, path: str, value) -> Problems:
        if not isinstance(value, list):
            yield path, f"must be a list, got {kind_of(value)}"
            return
        if len(value) < self.min_length:
            yield path, "must not be empty"
        for number, member in enumerate(value):
            yield from self.member(f"{path}[{number}]", member)
        yield from self._duplicates(path, value)

    def _duplicates(self, path: str, members: list) -> Problems:
        first: dict[tuple, int] = {}
        for number, member in enumerate(members):
            if not isinstance(member, dict) or not self.named:
                continue
            name = tuple(str(member.get(key)) for key in self.named)
            if name in first:
                yield f"{path}[{number}].{self.named[-1]}", f"{'/'.join(name)} is a duplicate of {path}[{first[name]}]"
            first.setdefault(name, number)


def text(path: str, value) -> Problems:
    """A string that is not empty."""
    if not is_text(value):
        yield path, f"must be a string, got {kind_of(value)}"
    elif isinstance(value, str) and not value:
        yield path, "must not be empty"


def flag(path: str, value) -> Problems:
    """true or false."""
    if not isinstance(value, bool):
        yield path, f"must be true or false, got {kind_of(value)}"


def matching(pattern: re.Pattern, rule: str) -> Callable[[str, object], Problems]:
    """A string that a pattern matches as a whole; ``rule`` describes the pattern."""

    def check(path: str, value) -> Problems:
        if not isinstance(value, str):
            yield path, f"must be a string, got {kind_of(value)}"
        elif not pattern.fullmatch(value):
            yield path, f"'{value}' is not allowed: {rule}"

    return check


def one_of(*choices: str) -> Callable[[str, object], Problems]:
    """One of several values."""

    def check(path: str, value) -> Problems:
        if value not in choices:
            yield path, f"'{value}' must be one of {', '.join(choices)}{did_you_mean(value, choices)}"

    return check


def url_path(path: str, value) -> Problems:
    """The path of a URL."""
    if not (isinstance(value, str) and value.startswith("/")):
        yield path, "must be the path of a URL and start with /, for example /health"


def http_status(path: str, value) -> Problems:
    """An HTTP status."""
    if not isinstance(value, int) or isinstance(value, bool) or not 100 <= value <= 599:
        yield path, "must be an HTTP status, a number from 100 to 599"


def service_port(path: str, value) -> Problems:
    """A port of a Service: its number, also as a template's text, or its name."""
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    is_number = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 65535
    if not is_number and not (isinstance(number, str) and PORT_NAME.fullmatch(number)):
        yield path, "must be a port of the Service, a number from 1 to 65535 or a name, for example http"


def free_mapping(path: str, value) -> Problems:
    """A mapping with any keys."""
    if not isinstance(value, dict):
        yield path, f"must be a mapping, got {kind_of(value)}"


def build_args(path: str, value) -> Problems:
    """A Dockerfile's build arguments: names and strings."""
    if not isinstance(value, dict):
        yield path, f"must be a mapping of build arguments, got {kind_of(value)}"
        return
    for key, argument in value.items():
        if not isinstance(argument, str):
            yield f"{path}.{key}", f"must be a string, got {kind_of(argument)}; quote it"


def did_you_mean(word, known) -> str:
    """The closest known value as the end of a sentence, or all known values if none is close."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"


def kind_of(value) -> str:
    """The type of a value in plain words; never the value itself, which may be a secret."""
    words = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list", dict: "a mapping", type(None): "null"}
    return next((word for kind, word in words.items() if isinstance(value, kind)), type(value).__name__)
