# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads YAML as strictly as the API server does (sigs.k8s.io/yaml): characters, escapes and duplicate keys that it refuses are refused."""

from __future__ import annotations

import re

import yaml

# What the reader takes raw; a byte order mark only as the first character.
RAW = re.compile("\ufeff?[\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")


class NotYaml(ValueError):
    """What the API server answers with status 400."""


class StrictLoader(yaml.SafeLoader):
    """As SafeLoader, without the surrogate escapes that it takes."""

    def construct_scalar(self, node):
        """A scalar. Raises NotYaml for one with a surrogate."""
        text = super().construct_scalar(node)
        if re.search("[\ud800-\udfff]", text):
            raise NotYaml("yaml: found invalid Unicode character escape code")
        return text

    def construct_mapping(self, node, deep=False):
        """A mapping. Raises NotYaml for a key that stands twice."""
        mapping = super().construct_mapping(node, deep)
        if len(mapping) != len(node.value):
            raise NotYaml("yaml: key already set in map")
        return mapping


def read_yaml(body: bytes):
    """The one document of a body. Raises NotYaml."""
    try:
        text = body.decode("utf-8")
        if not RAW.fullmatch(text):
            raise NotYaml("yaml: control characters are not allowed")
        return yaml.load(text, StrictLoader)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise NotYaml(str(error)) from error
