# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parses YAML as strictly as the API server (sigs.k8s.io/yaml), which rejects some characters, escapes, and duplicate keys."""

from __future__ import annotations

import re

import yaml

# Characters that are allowed unescaped; a byte order mark only at the start.
RAW = re.compile("\ufeff?[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


class InvalidYaml(ValueError):
    """The API server responds with status 400."""


class StrictLoader(yaml.SafeLoader):
    """SafeLoader without the surrogate escapes that it accepts."""

    def construct_scalar(self, node):
        """A scalar. Raises InvalidYaml for one with a surrogate."""
        text = super().construct_scalar(node)
        if re.search("[\ud800-\udfff]", text):
            raise InvalidYaml("yaml: found invalid Unicode character escape code")
        return text

    def construct_mapping(self, node, deep=False):
        """A mapping. Raises InvalidYaml for a duplicate key."""
        mapping = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            raise InvalidYaml("yaml: key already set in map")
        return mapping


def read_yaml(body: bytes):
    """The single document of a body. Raises InvalidYaml."""
    try:
        text = body.decode("utf-8")
        if not RAW.fullmatch(text):
            raise InvalidYaml("yaml: control characters are not allowed")
        return yaml.load(text, StrictLoader)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidYaml(str(error)) from error
