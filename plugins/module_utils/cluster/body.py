# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is sent to the API server: only what it stores as it was meant, and for a server-side apply as JSON that is YAML too. Pure.

The API server reads the body of an apply as YAML. Characters above U+FFFF are written as they are, as kubectl does: the Kubernetes client
would write surrogate escapes, which YAML refuses. What YAML takes for a line break, or does not allow, is written as an escape.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError

# With its charset, which the API server ignores: without it, releases of the Kubernetes client serialise the body once more.
CONTENT_TYPE = "application/apply-patch+yaml; charset=utf-8"
# DEL and the C1 controls, among them the line break NEL; the line and paragraph separators; the byte order mark; two that are no characters.
ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
SURROGATE = re.compile("[\ud800-\udfff]")
HALF = "holds half of a character (a surrogate). Write the whole character, in a file in UTF-8"
NO_NUMBER = "is infinite, or not a number. Write a finite number, or quote it to make it a string"


def apply_body(obj: dict) -> bytes:
    """The body of an apply. Raises RunbookError for what JSON can't say."""
    require_sendable(obj, f"{obj['kind']} {obj['metadata']['name']} can't be applied")
    text = json.dumps(obj, ensure_ascii=False, allow_nan=False)
    return ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def require_sendable(body, what: str) -> None:
    """Raises RunbookError naming each field, never its value, that the API server would store as something else."""
    problems = "; ".join(f"{path} {problem}" for path, problem in _problems(body))
    if problems:
        raise RunbookError(SURROGATE.sub("?", f"{what}: {problems}."))


def _problems(value, path: str = "") -> Iterator[tuple[str, str]]:
    """The path of each part that can't be sent, and why."""
    if isinstance(value, dict):
        for key, item in value.items():
            place = f"{path}.{key}" if path else str(key)
            yield from _problems(key, f"a key of {path or 'the object'}")
            yield from _problems(item, place)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(item, f"{path}[{index}]")
    elif isinstance(value, str) and SURROGATE.search(value):
        yield path, HALF
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, NO_NUMBER
