# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests on a real cluster expect of a failure is what the module says of that category, and of no other."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.workloads import containers, creation, logs, pods, reasons
from rollout_failures.cases import CASES

TABLES = (reasons.WAITING, reasons.TERMINATED, reasons.POD_FAILED, reasons.BEFORE_START, reasons.UNSCHEDULED, reasons.NOT_CREATED)


def outside_the_tables() -> Iterator[tuple[str, str]]:
    """(category, words) of each cause that stands in the code itself, as it is told by something else than a reason of Kubernetes."""
    for module in (containers, creation, logs, pods):
        for call in (node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call)):
            given = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
            if {"category", "says"} <= given.keys():
                yield given["category"], given["says"]


SAID = {*outside_the_tables(), *((rule.category, rule.says) for table in TABLES for rule in table)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_words_of_a_case_are_those_of_its_category_alone(case):
    assert {category for category, words in SAID if case.says in words} == {case.category}
