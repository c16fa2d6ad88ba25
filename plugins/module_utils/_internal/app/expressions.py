# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The error in a Jinja expression of a description, and its path, in messages without its content."""

from __future__ import annotations

import re
from collections.abc import Callable

# Ansible's own messages quote the expression and the lines around it, which may contain secrets.
REASONS = (
    (re.compile(r"'[\w .]+' is undefined|'[\w .]+' has no attribute '\w+'"), "{0}"),
    (re.compile(r"(?:lookup|filter|test) plugin '[\w.]+'"), "the {0} failed"),
    (re.compile(r"(?i)vault"), "it is encrypted by ansible-vault, and none of the given passwords decrypts it"),
)
UNKNOWN = "its Jinja expression cannot be evaluated: check braces, quotes and names"


def reason_of(error: Exception) -> str:
    """Why an expression has no value."""
    for pattern, reason in REASONS:
        found = pattern.findall(str(error))
        if found:
            return reason.format(found[-1])
    return UNKNOWN


def first_failing(value, path: str, evaluate: Callable[[object], object], failures: tuple[type[Exception], ...]) -> str:
    """The path of the innermost member that cannot be evaluated, for example runbook_app.workloads[0].name."""
    for member_path, member in _members(value, path):
        try:
            evaluate(member)
        except failures:
            return first_failing(member, member_path, evaluate, failures)
    return path


def _members(value, path: str):
    if isinstance(value, dict):
        return [(f"{path}.{key}", member) for key, member in value.items()]
    if isinstance(value, list):
        return [(f"{path}[{number}]", member) for number, member in enumerate(value)]
    return []
