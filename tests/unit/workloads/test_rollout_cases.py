# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The message that the cluster tests expect for a category is its summary, and that of no other category."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.causes import container as containers
from ansible_collections.runbook.minikube.plugins.module_utils._internal.causes import controller as creation
from ansible_collections.runbook.minikube.plugins.module_utils._internal.causes import pod as pods
from ansible_collections.runbook.minikube.plugins.module_utils._internal.causes import reasons
from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads import logs
from rollout_failures.cases import CASES

TABLES = (reasons.WAITING, reasons.TERMINATED, reasons.POD_FAILED, reasons.BEFORE_START, reasons.UNSCHEDULED)


def outside_the_tables() -> Iterator[tuple[str, str]]:
    """(category, summary) of each cause in the code itself, which has no reason of Kubernetes."""
    for module in (containers, creation, logs, pods):
        for call in (node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Call)):
            constants = {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
            if {"category", "summary"} <= constants.keys():
                yield constants["category"], constants["summary"]


NOT_CREATED = {(rule.category, f"its pods cannot be created: {rule.summary}") for rule in reasons.NOT_CREATED}
SUMMARIES = {*outside_the_tables(), *((rule.category, rule.summary) for table in TABLES for rule in table), *NOT_CREATED}


@pytest.mark.parametrize(
    ("what", "message", "summary"),
    [
        ("pods", 'pods "a" is forbidden: violates PodSecurity', "its pods cannot be created: they violate the namespace's Pod Security level"),
        ("ReplicaSet", "something else", "its ReplicaSet cannot be created"),
        ("ReplicaSet", 'ReplicaSet.apps "a" is invalid', "its ReplicaSet cannot be created: the API server rejected them"),
    ],
)
def test_what_cannot_be_created_is_named_before_the_reason(what, message, summary):
    assert creation.creation_rule(what, message).summary == summary


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_words_of_a_case_match_only_its_category(case):
    assert {category for category, words in SUMMARIES if case.message in words} == {case.category}
