# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Request bodies: nothing that the API server would store differently, and for a server-side apply JSON that is valid YAML too. Pure.

The API server reads the body of an apply as YAML. Characters above U+FFFF are written unescaped, as kubectl does: the Kubernetes client
would write surrogate escapes, which YAML rejects. Characters that YAML takes for line breaks, or does not allow, are escaped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from ...errors import RunbookError

# The charset, which the API server ignores, keeps releases of the Kubernetes client from serialising the body once more.
CONTENT_TYPE = "application/apply-patch+yaml; charset=utf-8"
# DEL and the C1 controls, among them the line break NEL; the line and paragraph separators; the byte order mark; two noncharacters.
ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
SURROGATE = re.compile("[\ud800-\udfff]")
SURROGATE_PROBLEM = "contains half of a character (a surrogate). Write the whole character, in a UTF-8 file"
NOT_FINITE = "is infinite or not a number. Write a finite number, or quote it to make it a string"


def apply_body(obj: dict) -> bytes:
    """The body of an apply. Raises RunbookError for values that JSON cannot represent."""
    require_sendable(obj, f"{obj['kind']} {obj['metadata']['name']} cannot be applied")
    text = json.dumps(obj, ensure_ascii=False, allow_nan=False)
    return ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def require_sendable(body, what: str) -> None:
    """Raises RunbookError naming each field, never its value, that the API server would store differently."""
    problems = "; ".join(f"{path} {problem}" for path, problem in _problems(body))
    if problems:
        raise RunbookError(SURROGATE.sub("?", f"{what}: {problems}."))


def _problems(value, path: str = "") -> Iterator[tuple[str, str]]:
    """The path of each part that cannot be sent, and why."""
    if isinstance(value, dict):
        for key, item in value.items():
            place = f"{path}.{key}" if path else str(key)
            yield from _problems(key, f"a key of {path or 'the object'}")
            yield from _problems(item, place)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(item, f"{path}[{index}]")
    elif isinstance(value, str) and SURROGATE.search(value):
        yield path, SURROGATE_PROBLEM
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, NOT_FINITE
