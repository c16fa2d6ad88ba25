# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sources of values in a Secret: a value is generated, given, rendered from a template of other keys, or copied from another key.

The description of an application and the module app_secrets use the same notation:

    {generate: 32}   {value: "…"}   {template: "postgresql://app:{postgres/password}@postgres/app"}   {copy: postgres/password}

each with an optional ``rotated_by: <playbook>``. No message contains a value or a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SOURCES = ("generate", "value", "template", "copy")
MIN_LENGTH = 16  # characters of a generated value; 62 letters and digits give 5.95 bits each
MAX_LENGTH = 4096
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
REFERENCE = re.compile(r"(?P<secret>[a-z0-9][-a-z0-9.]*)/(?P<key>[-._a-zA-Z0-9]+)")
PLACEHOLDER = re.compile(r"\{" + REFERENCE.pattern + r"(?P<url>\|url)?\}")
PLACEHOLDER_LIKE = re.compile(r"\{\s*[-./|\w]+\s*\}")


@dataclass(frozen=True, order=True)
class Ref:
    """One key of one Secret, written ``secret/key``."""

    secret: str
    key: str

    def __str__(self) -> str:
        return f"{self.secret}/{self.key}"


@dataclass(frozen=True)
class Source:
    """The source of one key's value. ``content``: a length, a value (text or bytes), a template or a Ref, depending on ``kind``."""

    kind: str
    content: Any
    rotated_by: str | None = None

    @property
    def references(self) -> tuple[Ref, ...]:
        """The keys that this value is computed from."""
        if self.kind == "copy":
            return (self.content,)
        if self.kind == "template":
            return tuple(Ref(found["secret"], found["key"]) for found in PLACEHOLDER.finditer(str(self.content)))
        return ()

    def __repr__(self) -> str:
        return f"Source({self.kind})"


def is_text(value) -> bool:
    """Whether a value is text; a value that Ansible Vault has not decrypted yet counts (ansible-core 2.18 passes it on so)."""
    return isinstance(value, str) or hasattr(value, "__ENCRYPTED__")


def problems_of(secrets: list[dict], path: str) -> Iterator[tuple[str, str]]:
    """Yields (path, problem and fix) for every mistake in a list of ``{name, data}``."""
    valid = True
    names = [secret["name"] for secret in secrets]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield f"{path}[{number}].name", f"{name} is a duplicate of {path}[{names.index(name)}]"
    for place, name, key, source in _keys(secrets, path):
        for problem in _problems_of_key(name, key, source):
            valid = False
            yield place, problem
    if valid:
        yield from _reference_problems(secrets, path)


def sources_of(secrets: list[dict]) -> dict[Ref, Source]:
    """The sources of all keys in a valid list of ``{name, data}``."""
    return {Ref(name, key): _source(source) for _place, name, key, source in _keys(secrets, "")}


def stages_of(sources: dict[Ref, Source]) -> list[list[Ref]]:
    """The keys in the order of their dependencies: each stage depends on earlier ones only. Keys in a dependency cycle are left out."""
    stages: list[list[Ref]] = []
    resolved: set[Ref] = set()
    while True:
        stage = [ref for ref, source in sources.items() if ref not in resolved and resolved.issuperset(source.references)]
        if not stage:
            return stages
        stages.append(stage)
        resolved.update(stage)


def _keys(secrets: list[dict], path: str) -> Iterator[tuple[str, str, str, Any]]:
    for number, secret in enumerate(secrets):
        for key, source in secret["data"].items():
            yield f"{path}[{number}].data.{key}", secret["name"], key, source


def _source(entry: dict) -> Source:
    kind = next(name for name in SOURCES if name in entry)
    content = entry[kind]
    if kind == "copy":
        content = Ref(*str(content).split("/", 1))
    return Source(kind, content, entry.get("rotated_by"))


def _problems_of_key(name: str, key: str, source) -> Iterator[str]:
    if not KEY.fullmatch(str(key)):
        yield "a Secret's key may contain only letters, digits, '-', '_' and '.'"
    if not isinstance(source, dict):
        yield f"must be a mapping with one of {', '.join(SOURCES)}, for example {{generate: 32}}"
        return
    unknown = [str(word) for word in source if word not in (*SOURCES, "rotated_by")]
    if unknown:
        yield f"has unknown keys: {', '.join(unknown)}; known are {', '.join(SOURCES)} and rotated_by"
    kinds = [kind for kind in SOURCES if kind in source]
    if len(kinds) != 1:
        what = " and ".join(kinds) if kinds else "none of them"
        yield f"needs exactly one of {', '.join(SOURCES)}, and has {what}"
        return
    playbook = source.get("rotated_by")
    if "rotated_by" in source and not (isinstance(playbook, str) and playbook):
        yield "rotated_by must be the name of the playbook that rotates the value, for example rotate_secret.yml"
    problem = CHECKS[kinds[0]](source[kinds[0]])
    if problem:
        yield problem


def _check_generate(length) -> str | None:
    if isinstance(length, int) and not isinstance(length, bool) and MIN_LENGTH <= length <= MAX_LENGTH:
        return None
    return f"generate must be the number of characters to generate, from {MIN_LENGTH} to {MAX_LENGTH}"


def _check_value(value) -> str | None:
    return None if is_text(value) else "value must be a string; quote numbers, dates and booleans"


def _check_template(template) -> str | None:
    if not is_text(template):
        return "template must be a string"
    malformed = [found[0] for found in PLACEHOLDER_LIKE.finditer(str(template)) if not PLACEHOLDER.fullmatch(found[0])]
    if malformed:
        return "template has a placeholder that is not {secret/key} or {secret/key|url}"
    if not PLACEHOLDER.search(str(template)):
        return "template refers to no key ({secret/key}); use value for text without references"
    return None


def _check_copy(reference) -> str | None:
    if is_text(reference) and REFERENCE.fullmatch(str(reference)):
        return None
    return "copy must name one key of a Secret of this list as secret/key"


CHECKS = {"generate": _check_generate, "value": _check_value, "template": _check_template, "copy": _check_copy}


def _reference_problems(secrets: list[dict], path: str) -> Iterator[tuple[str, str]]:
    sources = sources_of(secrets)
    paths = {Ref(name, key): place for place, name, key, _source in _keys(secrets, path)}
    unresolved = False
    for ref, source in sources.items():
        for reference in source.references:
            if reference not in sources:
                unresolved = True
                yield paths[ref], f"refers to {reference}, which is in no Secret of this list{_nearest(reference, sources)}"
    if not unresolved:
        resolved = {ref for stage in stages_of(sources) for ref in stage}
        cycle = sorted(set(sources) - resolved)
        if cycle:
            yield paths[cycle[0]], f"these keys depend on each other in a cycle: {', '.join(map(str, cycle))}"


def _nearest(reference: Ref, sources: dict[Ref, Source]) -> str:
    known = sorted(str(ref) for ref in sources if ref.secret == reference.secret) or sorted(map(str, sources))
    return f" (there is {', '.join(known[:5])})"
