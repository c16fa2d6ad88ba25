# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the value of a Secret's key comes from: generated, given, made from other keys, or copied from one.

The description of an application and the module app_secrets read the same notation, so it is known here alone:

    {generate: 32}   {value: "…"}   {template: "postgresql://app:{postgres/password}@postgres/app"}   {copy: postgres/password}

each with an optional ``rotated_by: <playbook>``. No message of this file holds a given value or a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SOURCES = ("generate", "value", "template", "copy")
SHORTEST = 16  # characters of a generated value; 62 letters and digits give 5.95 bits each
LONGEST = 4096
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
REFERENCE = re.compile(r"(?P<secret>[a-z0-9][-a-z0-9.]*)/(?P<key>[-._a-zA-Z0-9]+)")
PLACEHOLDER = re.compile(r"\{" + REFERENCE.pattern + r"(?P<url>\|url)?\}")
ALMOST_PLACEHOLDER = re.compile(r"\{\s*[-./|\w]+\s*\}")


@dataclass(frozen=True, order=True)
class Ref:
    """One key of one Secret, written ``secret/key``."""

    secret: str
    key: str

    def __str__(self) -> str:
        return f"{self.secret}/{self.key}"


@dataclass(frozen=True)
class Source:
    """Where one key's value comes from. ``content`` is a length, a value (text or bytes), a template or a Ref, as ``kind`` says."""

    kind: str
    content: object
    rotated_by: str | None = None

    @property
    def references(self) -> tuple[Ref, ...]:
        """The keys whose values this one is made of."""
        if self.kind == "copy":
            return (self.content,)
        if self.kind == "template":
            return tuple(Ref(found["secret"], found["key"]) for found in PLACEHOLDER.finditer(str(self.content)))
        return ()

    def __repr__(self) -> str:
        return f"Source({self.kind})"


def is_text(value) -> bool:
    """Whether a value is text, counting what Ansible Vault still has encrypted (ansible-core 2.18 hands that over as it is)."""
    return isinstance(value, str) or hasattr(value, "__ENCRYPTED__")


def problems_of(secrets: list[dict], path: str) -> Iterator[tuple[str, str]]:
    """Yields (place, what is wrong and how to mend it) for everything wrong in a list of ``{name, data}``."""
    shaped = True
    names = [secret["name"] for secret in secrets]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield f"{path}[{number}].name", f"{name} is there already, at {path}[{names.index(name)}]"
    for place, name, key, source in _keys(secrets, path):
        for problem in _problems_of_key(name, key, source):
            shaped = False
            yield place, problem
    if shaped:
        yield from _reference_problems(secrets, path)


def sources_of(secrets: list[dict]) -> dict[Ref, Source]:
    """The checked list of ``{name, data}`` as one table of sources."""
    return {Ref(name, key): _source(source) for _place, name, key, source in _keys(secrets, "")}


def stages_of(sources: dict[Ref, Source]) -> list[list[Ref]]:
    """The keys in the order in which they can be made: each stage needs only what earlier ones made.

    Keys that wait for each other are left out.
    """
    stages, made = [], set()
    while True:
        stage = [ref for ref, source in sources.items() if ref not in made and made.issuperset(source.references)]
        if not stage:
            return stages
        stages.append(stage)
        made.update(stage)


def _keys(secrets: list[dict], path: str) -> Iterator[tuple[str, str, str, object]]:
    for number, secret in enumerate(secrets):
        for key, source in secret["data"].items():
            yield f"{path}[{number}].data.{key}", secret["name"], key, source


def _source(given: dict) -> Source:
    kind = next(name for name in SOURCES if name in given)
    content = given[kind]
    if kind == "copy":
        content = Ref(*str(content).split("/", 1))
    return Source(kind, content, given.get("rotated_by"))


def _problems_of_key(name: str, key: str, source) -> Iterator[str]:
    if not KEY.fullmatch(str(key)):
        yield "a Secret's key may hold letters, digits, '-', '_' and '.' only"
    if not isinstance(source, dict):
        yield f"must be a mapping with one of {', '.join(SOURCES)}, for example {{generate: 32}}"
        return
    unknown = [str(word) for word in source if word not in (*SOURCES, "rotated_by")]
    if unknown:
        yield f"does not know {', '.join(unknown)}; it takes {', '.join(SOURCES)} and rotated_by"
    given = [kind for kind in SOURCES if kind in source]
    if len(given) != 1:
        what = " and ".join(given) if given else "none of them"
        yield f"needs exactly one of {', '.join(SOURCES)}, and has {what}"
        return
    playbook = source.get("rotated_by")
    if "rotated_by" in source and not (isinstance(playbook, str) and playbook):
        yield "rotated_by must be the name of the playbook that rotates the value, for example rotate_secret.yml"
    problem = CHECKS[given[0]](source[given[0]])
    if problem:
        yield problem


def _check_generate(length) -> str | None:
    if isinstance(length, int) and not isinstance(length, bool) and SHORTEST <= length <= LONGEST:
        return None
    return f"generate must be the number of characters to make, from {SHORTEST} to {LONGEST}"


def _check_value(value) -> str | None:
    return None if is_text(value) else "value must be text; put quotes around a number, a date or true"


def _check_template(template) -> str | None:
    if not is_text(template):
        return "template must be text"
    strange = [found[0] for found in ALMOST_PLACEHOLDER.finditer(str(template)) if not PLACEHOLDER.fullmatch(found[0])]
    if strange:
        return "template has a placeholder that is not {secret/key} or {secret/key|url}"
    if not PLACEHOLDER.search(str(template)):
        return "template refers to no key ({secret/key}); use value for text that is given as it is"
    return None


def _check_copy(reference) -> str | None:
    if is_text(reference) and REFERENCE.fullmatch(str(reference)):
        return None
    return "copy must name one key of a Secret of this list as secret/key"


CHECKS = {"generate": _check_generate, "value": _check_value, "template": _check_template, "copy": _check_copy}


def _reference_problems(secrets: list[dict], path: str) -> Iterator[tuple[str, str]]:
    sources = sources_of(secrets)
    places = {Ref(name, key): place for place, name, key, _source in _keys(secrets, path)}
    dangling = False
    for ref, source in sources.items():
        for wanted in source.references:
            if wanted not in sources:
                dangling = True
                yield places[ref], f"refers to {wanted}, which is in no Secret of this list{_near(wanted, sources)}"
    if not dangling:
        made = {ref for stage in stages_of(sources) for ref in stage}
        circle = sorted(set(sources) - made)
        if circle:
            yield places[circle[0]], f"these keys are made of each other, so none can be made: {', '.join(map(str, circle))}"


def _near(wanted: Ref, sources: dict[Ref, Source]) -> str:
    known = sorted(str(ref) for ref in sources if ref.secret == wanted.secret) or sorted(map(str, sources))
    return f" (there is {', '.join(known[:5])})"
