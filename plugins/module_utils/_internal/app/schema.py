# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The schema of an application's description, as one table, and its validation.

A check yields (path, problem) pairs, with paths such as ``runbook_app.images[1].context``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..secret_sources import NAME as SUBDOMAIN
from ..secret_sources import is_text

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
IMAGE = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")
KINDS = ("Deployment", "StatefulSet", "DaemonSet")
Problems = Iterator[tuple[str, str]]


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
    """Any text that is not empty."""
    if not is_text(value):
        yield path, f"must be text, got {kind_of(value)}"
    elif isinstance(value, str) and not value:
        yield path, "must not be empty"


def flag(path: str, value) -> Problems:
    """true or false."""
    if not isinstance(value, bool):
        yield path, f"must be true or false, got {kind_of(value)}"


def matching(pattern: re.Pattern, rule: str) -> Callable[[str, object], Problems]:
    """Text that a pattern matches as a whole; ``rule`` describes the pattern."""

    def check(path: str, value) -> Problems:
        if not isinstance(value, str):
            yield path, f"must be text, got {kind_of(value)}"
        elif not pattern.fullmatch(value):
            yield path, f"'{value}' is not allowed: {rule}"

    return check


def one_of(*choices: str) -> Callable[[str, object], Problems]:
    """One of several words."""

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


def free_mapping(path: str, value) -> Problems:
    """A mapping with any keys."""
    if not isinstance(value, dict):
        yield path, f"must be a mapping, got {kind_of(value)}"


def build_args(path: str, value) -> Problems:
    """A Dockerfile's build arguments: text by name."""
    if not isinstance(value, dict):
        yield path, f"must be a mapping of build arguments, got {kind_of(value)}"
        return
    for key, argument in value.items():
        if not isinstance(argument, str):
            yield f"{path}.{key}", f"must be text (quote it), got {kind_of(argument)}"


LABEL_RULE = "use lower-case letters, digits and '-', at most 63, with a letter or digit at both ends (RFC 1123)"
name = matching(LABEL, LABEL_RULE)
object_name = matching(SUBDOMAIN, "use lower-case letters, digits, '-' and '.', with a letter or digit at both ends (RFC 1123)")
service_name = matching(SERVICE, LABEL_RULE + ", and a letter at the start")
image_name = matching(IMAGE, "use a repository's name without registry and tag, for example backend-api")

APP = Mapping({
    "name": Field(name, required=True),
    "namespace": Field(name, default="default"),
    "images": Field(ListOf(Mapping({
        "name": Field(image_name, required=True),
        "context": Field(text),
        "dockerfile": Field(text, default="Dockerfile"),
        "args": Field(build_args, default={}),
        "target": Field(text),
        "archive": Field(text),
        "tag": Field(text),
    }), named=("name",)), default=[]),
    "manifests": Field(ListOf(text, min_length=1), required=True),
    "secrets": Field(ListOf(Mapping({
        "name": Field(object_name, required=True),
        "data": Field(free_mapping, required=True),
    }), named=("name",)), default=[]),
    "workloads": Field(ListOf(Mapping({
        "kind": Field(one_of(*KINDS), default="Deployment"),
        "name": Field(object_name, required=True),
        "signs": Field(flag, default=False),
        "dapr": Field(flag, default=False),
    }), named=("kind", "name"), min_length=1), required=True),
    "health": Field(ListOf(Mapping({
        "name": Field(text, required=True),
        "service": Field(service_name, required=True),
        "path": Field(url_path, default="/"),
        "status": Field(http_status, default=200),
        "json": Field(free_mapping, default={}),
    }), named=("name",)), default=[]),
    "address": Field(Mapping({"service": Field(service_name, required=True), "path": Field(url_path, default="/")})),
    "database": Field(Mapping({"secret": Field(object_name, required=True), "key": Field(text, required=True)})),
    "auth": Field(Mapping({
        "secret": Field(object_name, required=True),
        "key": Field(text, required=True),
        "service": Field(service_name, required=True),
        "path": Field(url_path, default="/api/auth"),
        "verify": Field(Mapping({"service": Field(service_name, required=True), "path": Field(url_path, required=True)})),
    })),
})


def did_you_mean(word, known) -> str:
    """The nearest known word as the end of a sentence, or all known words if none is near."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"


def kind_of(value) -> str:
    """The type of a value in plain words; never the value itself, which may be a secret."""
    words = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping", type(None): "empty"}
    return next((word for kind, word in words.items() if isinstance(value, kind)), type(value).__name__)
