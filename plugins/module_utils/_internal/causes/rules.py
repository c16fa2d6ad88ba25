# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rule: what a reason of Kubernetes means for a workload, and for how long it may last. The rules are in reasons.py."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Severities.
FATAL = "fatal"  # certain at once
FATAL_AFTER_TIMEOUT = "fatal_after_timeout"  # may go away by itself within a short time
RETRYABLE = "retryable"  # something does not answer, and Kubernetes tries again
PROGRESSING = "progressing"  # nothing is wrong

# Stages of a container's start; a change between reasons of one stage does not restart the timeout.
PULL, CONFIG, CREATE, START, CRASH = "pull", "config", "create", "start", "crash"


@dataclass(frozen=True)
class Rule:
    """A rule matches by reason and, if one reason has several meanings, by message.

    ``summary`` continues a sentence that begins with the container, the pod or the workload. ``limit`` is the option that limits
    how long a severity other than FATAL may last.
    """

    reasons: tuple[str, ...]
    message: str  # regular expression, case ignored; "" matches every message
    severity: str
    category: str
    summary: str
    hint: str
    stage: str = ""
    limit: str = ""

    def matches(self, reason: str, message: str) -> bool:
        """Whether the rule is about this reason and this message."""
        return (not self.reasons or reason in self.reasons) and re.search(self.message, message, re.IGNORECASE | re.DOTALL) is not None


def find_rule(table: tuple[Rule, ...], reason: str, message: str) -> Rule | None:
    """The first rule of a table that matches."""
    return next((rule for rule in table if rule.matches(reason, message or "")), None)


def classify(table: tuple[Rule, ...], reason: str, message: str) -> Rule:
    """The first rule that matches, in a table whose last rule matches everything."""
    rule = find_rule(table, reason, message)
    if rule is None:
        raise LookupError(f"no rule matches {reason}")
    return rule
