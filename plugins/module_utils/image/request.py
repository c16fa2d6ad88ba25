# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked for: the module's options as checked data. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.image.reference import NAME, TAG, familiar

BUILD_OPTIONS = {"dockerfile": "Dockerfile", "args": {}, "target": None}  # with their defaults


@dataclass(frozen=True)
class Request:
    """One image to be there. ``option`` is its place in the options (images[0]); paths are absolute; ``tag`` None means the content tag.

    It is built where ``context`` is given, else taken from ``archive``, else from the host's engine, where it is called ``origin``.
    """

    option: str
    name: str
    context: str = ""
    dockerfile: str = ""
    args: dict[str, str] | None = None
    target: str | None = None
    platform: str | None = None
    tag: str | None = None
    archive: str = ""
    origin: str = ""


def requests_of(images: list[dict], tag_strategy: str) -> list[Request]:
    """The requests that the option ``images`` holds. Raises RunbookError naming the option that is wrong."""
    requests = [_request(f"images[{index}]", image, tag_strategy) for index, image in enumerate(images)]
    _require_distinct_names(requests)
    return requests


def _request(option: str, image: dict, tag_strategy: str) -> Request:
    _require_reference(option, image)
    _require_one_source(option, image)
    _require_tag(option, image, tag_strategy)
    common = {
        "option": option,
        "name": image["name"],
        "platform": image["platform"],
        "tag": image["tag"] if tag_strategy == "fixed" else None,
    }
    if image["context"]:
        return Request(**common, **_build(image))
    archive = os.path.abspath(image["archive"]) if image["archive"] else ""
    return Request(**common, archive=archive, origin=familiar(f"{image['name']}:{image['tag'] or 'latest'}"))


def _build(image: dict) -> dict:
    context = os.path.abspath(image["context"])
    return {
        "context": context,
        "dockerfile": os.path.normpath(os.path.join(context, image["dockerfile"])),
        "args": {name: "" if value is None else str(value) for name, value in (image["args"] or {}).items()},
        "target": image["target"],
    }


def _require_one_source(option: str, image: dict):
    if image["context"] and image["archive"]:
        raise RunbookError(
            f"{option} has a context and an archive; an image is either built or taken from an archive. Leave one of them out."
        )
    for name, default in BUILD_OPTIONS.items():
        if (image[name] or default) != default and not image["context"]:
            raise RunbookError(f"{option}.{name} is for a build, and there is no {option}.context. Give the context, or leave {name} out.")


def _require_tag(option: str, image: dict, tag_strategy: str):
    if tag_strategy == "fixed" and not image["tag"]:
        raise RunbookError(f"{option}.tag is missing: with tag_strategy=fixed every image needs one.")
    if tag_strategy == "content" and image["tag"] and image["context"]:
        raise RunbookError(f"{option}.tag is given, but with tag_strategy=content the tag follows from the content. Leave one of them out.")


def _require_reference(option: str, image: dict):
    if not NAME.fullmatch(image["name"]):
        raise RunbookError(
            f"{option}.name is no name of an image: {image['name']!r}. It is written in lower case and without a tag, "
            "for example backend-api or localhost:5000/todo/backend-api."
        )
    if image["tag"] and not TAG.fullmatch(image["tag"]):
        raise RunbookError(f"{option}.tag is no tag: {image['tag']!r}. Letters, digits and _ . - are allowed, 128 at most.")


def _require_distinct_names(requests: list[Request]):
    first: dict[str, str] = {}
    for request in requests:
        if request.name in first:
            other = first[request.name]
            raise RunbookError(f"{request.option}.name is {request.name} like {other}.name. Every image needs a name of its own.")
        first[request.name] = request.option
