# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tests can fail: no expectation of theirs is met by everything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from dapr_faults.cases import FAULTS
from rollout_failures.cases import CASES

CHECKOUT = Path(__file__).resolve().parents[3]
PRODUCT = [file for folder in ("playbooks", "plugins", "roles") for file in (CHECKOUT / folder).rglob("*") if file.suffix in (".py", ".yml")]
EMPTY = ("", b"")


def assertions(folder: str) -> Iterator[tuple[str, ast.expr]]:
    """The place of each assertion below a folder of the tests, and what it asserts."""
    for file in sorted((CHECKOUT / "tests" / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Assert):
                yield f"{file.relative_to(CHECKOUT)}:{node.lineno}", node.test


def comparisons(asserted: ast.expr) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    """Left side, operator and right side of each comparison in an assertion."""
    for node in ast.walk(asserted):
        if isinstance(node, ast.Compare):
            yield from zip([node.left, *node.comparators], node.ops, node.comparators)


def is_met_by_everything(asserted: ast.expr) -> bool:
    if isinstance(asserted, (ast.Constant, ast.Tuple, ast.JoinedStr)):
        return True
    return any(
        (isinstance(operator, ast.In) and isinstance(left, ast.Constant) and left.value in EMPTY)
        or (ast.dump(left) == ast.dump(right) and not isinstance(left, ast.Call))
        for left, operator, right in comparisons(asserted)
    )


def test_no_assertion_is_met_by_everything():
    places = [place for folder in ("unit", "cluster") for place, asserted in assertions(folder) if is_met_by_everything(asserted)]
    assert places == []


def test_words_that_a_playbook_must_not_print_are_words_that_it_can_print():
    """A task that was renamed is never in the output, whatever is done. What a test has planted is no word of a playbook."""
    absent = {
        left.value.removeprefix("TASK [").removesuffix("]")
        for _place, asserted in assertions("cluster") for left, operator, right in comparisons(asserted)
        if isinstance(operator, ast.NotIn) and isinstance(left, ast.Constant) and isinstance(right, ast.Attribute) and right.attr == "output"
    }
    text = "\n".join(file.read_text() for file in PRODUCT)
    assert absent and [words for words in sorted(absent) if "planted" not in words and words not in text] == []


def test_every_fault_and_every_failure_has_words_by_which_it_is_known():
    assert FAULTS and CASES
    assert [name for name, fault in FAULTS.items() if not all(fault.cause) or not fault.cause] == []
    assert [case.name for case in CASES if not case.message] == []
