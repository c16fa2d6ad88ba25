# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The base images of a Dockerfile. Pure: text in, references out.

Only the instructions that name an image are parsed (ARG, FROM, COPY --from); everything else is left to the builder.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

SCRATCH = "scratch"
ESCAPE_DIRECTIVE = re.compile(r"\s*#\s*escape\s*=\s*([\\`])\s*$", re.IGNORECASE)
WITH_HERE_DOCUMENTS = ("RUN", "COPY", "ADD")
HERE_DOCUMENT = re.compile(r"(?<!<)<<(-?)(['\"]?)(\w[\w.-]*)\2(?=\s|$|[>|;&)])")
OTHER_DIRECTIVE = re.compile(r"\s*#\s*\w+\s*=")
VARIABLE = re.compile(r"\\\$|\$(?:(?P<plain>\w+)|\{(?P<braced>\w+)(?::?(?P<operator>[-+])(?P<word>[^}]*))?\})")


class DockerfileError(ValueError):
    """The base images cannot be determined. ``argument`` is the build argument without a value, if that is the reason."""

    def __init__(self, message: str, argument: str | None = None):
        super().__init__(message)
        self.argument = argument


@dataclass
class Stage:
    """A build stage: its name (lower case, "" if it has none), and the external images of its FROM and COPY lines."""

    name: str
    images: list[str] = field(default_factory=list)


def base_images(text: str, arguments: dict[str, str], target: str | None = None) -> tuple[str, ...]:
    """The distinct references that a build up to ``target`` needs, in order. Raises DockerfileError."""
    stages = _stages(text, arguments)
    if not stages:
        raise DockerfileError("it has no FROM")
    if target is not None:
        stages = stages[: _position(target, stages) + 1]
    return tuple(dict.fromkeys(image for stage in stages for image in stage.images))


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction as (KEYWORD, rest), with continued lines joined and comments removed. A here-document follows in lines of its own."""
    lines = text.lstrip("\ufeff").splitlines()
    escape = _escape(lines)
    pending = ""
    remaining = iter(lines)
    for line in remaining:
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue  # as the builder does, within an instruction too
        pending += stripped.removesuffix(escape) + " "
        if not stripped.endswith(escape):
            yield _split(pending, remaining)
            pending = ""
    if pending:
        yield _split(pending, remaining)


def _split(instruction: str, following: Iterator[str]) -> tuple[str, str]:
    keyword, *rest = instruction.split(maxsplit=1)
    keyword, text = keyword.upper(), rest[0].strip() if rest else ""
    delimiters = HERE_DOCUMENT.findall(text) if keyword in WITH_HERE_DOCUMENTS else []
    return keyword, "\n".join([text, *(line for tabs, _quote, name in delimiters for line in _here_document(following, name, bool(tabs)))])


def _here_document(following: Iterator[str], delimiter: str, tabs: bool) -> Iterator[str]:
    """The lines up to the delimiter, with it; ``tabs``: leading tabs do not count."""
    for line in following:
        yield line
        if (line.lstrip("\t") if tabs else line) == delimiter:
            return


def _escape(lines: list[str]) -> str:
    for line in lines:
        match = ESCAPE_DIRECTIVE.match(line)
        if match:
            return match.group(1)
        if not OTHER_DIRECTIVE.match(line):
            break  # a directive below anything else is a comment
    return "\\"


def _stages(text: str, arguments: dict[str, str]) -> list[Stage]:
    stages: list[Stage] = []
    values: dict[str, str] = {}  # of the ARGs before the first FROM; only these count in a FROM
    for keyword, rest in instructions(text):
        if keyword == "ARG" and not stages:
            values.update(_defaults(rest, values, arguments))
        elif keyword == "FROM":
            stages.append(_from(rest, values, stages))
        elif keyword == "COPY" and stages:
            stages[-1].images.extend(_copied_from(rest, stages))
    return stages


def _defaults(rest: str, values: dict[str, str], arguments: dict[str, str]) -> dict[str, str]:
    declared = {}
    for word in _words(rest):
        name, equals, default = word.partition("=")
        if name in arguments:
            declared[name] = arguments[name]
        elif equals:
            declared[name] = _substitute(default, {**values, **declared})
    return declared


def _words(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError as error:
        raise DockerfileError(f"ARG {rest} cannot be read: {error}") from None


def _from(rest: str, values: dict[str, str], stages: list[Stage]) -> Stage:
    words = [word for word in rest.split() if not word.startswith("--")]
    if not words:
        raise DockerfileError("it has a FROM without an image")
    image = _substitute(words[0].strip("'\""), values)
    if not image:
        name = next((_name(match) for match in VARIABLE.finditer(words[0])), None)
        raise DockerfileError(f"FROM {words[0]} has no image, as the build argument {name} has no value", name)
    name = words[2].lower() if len(words) == 3 and words[1].upper() == "AS" else ""
    outside = image != SCRATCH and not _is_stage(image, stages)
    return Stage(name, [image] if outside else [])


def _copied_from(rest: str, stages: list[Stage]) -> list[str]:
    for word in rest.split():
        if not word.startswith("--"):
            break
        option, _equals, source = word.partition("=")
        if option == "--from" and source and not source.isdigit() and not _is_stage(source, stages):
            return [source]
    return []


def _is_stage(name: str, stages: list[Stage]) -> bool:
    return any(stage.name == name.lower() for stage in stages)


def _position(target: str, stages: list[Stage]) -> int:
    names = [stage.name for stage in stages]
    if target.lower() in names:
        return names.index(target.lower())
    if target.isdigit() and int(target) < len(stages):
        return int(target)
    raise DockerfileError(f"it has no stage {target}; its stages are {', '.join(filter(None, names)) or 'without names'}")


def _substitute(word: str, values: dict[str, str]) -> str:
    return VARIABLE.sub(lambda match: _value(match, values), word)


def _name(match: re.Match) -> str:
    return match.group("plain") or match.group("braced") or ""


def _value(match: re.Match, values: dict[str, str]) -> str:
    if match.group() == r"\$":
        return "$"
    value = values.get(_name(match), "")
    if match.group("operator") == "-":
        return value or _substitute(match.group("word"), values)
    if match.group("operator") == "+":
        return _substitute(match.group("word"), values) if value else ""
    return value
