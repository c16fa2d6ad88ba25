# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The entries of the option ``images`` as checked data. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ..errors import RunbookError
from .reference import NAME, TAG, normalize_reference

BUILD_OPTIONS: dict = {"dockerfile": "Dockerfile", "args": {}, "target": None}  # with their defaults


@dataclass(frozen=True)
class ImageSpec:
    """One requested image. ``option``: its path in the options (images[0]). Paths are absolute; ``tag`` None means the content tag.

    It is built if ``context`` is set, else taken from ``archive``, else from the host's engine, which has it as ``host_reference``.
    """

    option: str
    name: str
    context: str = ""
    dockerfile: str = ""
    args: dict[str, str] = field(default_factory=dict)
    target: str | None = None
    platform: str | None = None
    tag: str | None = None
    archive: str = ""
    host_reference: str = ""


def image_specs(images: list[dict], tag_strategy: str) -> list[ImageSpec]:
    """The checked entries of the option ``images``. Raises RunbookError naming the option that is wrong."""
    specs = [_image_spec(f"images[{index}]", image, tag_strategy) for index, image in enumerate(images)]
    _require_distinct_names(specs)
    return specs


def _image_spec(option: str, image: dict, tag_strategy: str) -> ImageSpec:
    _require_reference(option, image)
    _require_one_source(option, image)
    _require_tag(option, image, tag_strategy)
    common = {
        "option": option,
        "name": image["name"],
        "platform": image["platform"],
        "tag": image["tag"] if tag_strategy == "fixed" else None,
    }
    if image["path"]:
        return ImageSpec(**common, **_build_options(image))
    archive = os.path.abspath(image["archive"]) if image["archive"] else ""
    return ImageSpec(**common, archive=archive, host_reference=normalize_reference(f"{image['name']}:{image['tag'] or 'latest'}"))


def _build_options(image: dict) -> dict:
    context = os.path.abspath(image["path"])
    return {
        "context": context,
        "dockerfile": os.path.normpath(os.path.join(context, image["dockerfile"])),
        "args": {name: "" if value is None else str(value) for name, value in (image["args"] or {}).items()},
        "target": image["target"],
    }


def _require_one_source(option: str, image: dict):
    if image["path"] and image["archive"]:
        raise RunbookError(f"{option} sets both path and archive. An image is either built or loaded from an archive: remove one of them.")
    for name, default in BUILD_OPTIONS.items():
        if (image[name] or default) != default and not image["path"]:
            raise RunbookError(f"{option}.{name} requires {option}.path, as only a build uses it. Set path, or remove {name}.")


def _require_tag(option: str, image: dict, tag_strategy: str):
    if tag_strategy == "fixed" and not image["tag"]:
        raise RunbookError(f"{option}.tag is required with tag_strategy=fixed.")
    if tag_strategy == "content" and image["tag"] and image["path"]:
        raise RunbookError(f"{option}.tag cannot be set for a build with tag_strategy=content, which derives the tag from the content. Remove one of them.")


def _require_reference(option: str, image: dict):
    if not NAME.fullmatch(image["name"]):
        raise RunbookError(
            f"{option}.name is not a valid image name: {image['name']!r}. Write it in lower case and without a tag, "
            "for example backend-api or localhost:5000/todo/backend-api."
        )
    if image["tag"] and not TAG.fullmatch(image["tag"]):
        raise RunbookError(f"{option}.tag is not a valid tag: {image['tag']!r}. Use at most 128 letters, digits, underscores, periods and hyphens.")


def _require_distinct_names(specs: list[ImageSpec]):
    first: dict[str, str] = {}
    for spec in specs:
        if spec.name in first:
            raise RunbookError(f"{spec.option}.name {spec.name} is a duplicate of {first[spec.name]}.name. Each image needs its own name.")
        first[spec.name] = spec.option
