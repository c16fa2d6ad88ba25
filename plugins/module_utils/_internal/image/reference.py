# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Image references: their syntax and the form in which an engine lists them. Pure."""

from __future__ import annotations

import re

NAME = re.compile(r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DEFAULT_REGISTRY = re.compile(r"^(?:index\.)?docker\.io/(?:library/)?|^library/")


def normalize_reference(reference: str) -> str:
    """A reference as an engine lists it: without Docker Hub's address, with a tag or a digest but not both.

    >>> normalize_reference("docker.io/library/python")
    'python:latest'
    """
    name, at, digest = DEFAULT_REGISTRY.sub("", reference).partition("@")
    bare, colon, tag = name.rpartition(":")
    has_tag = bool(colon) and "/" not in tag
    if at:
        return f"{bare if has_tag else name}@{digest}"
    return name if has_tag else f"{name}:latest"
