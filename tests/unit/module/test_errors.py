# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cleanup runs after success and failure, and no failure hides another."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError, cleanup_after


def refusing():
    raise RunbookError("The account stays.", step="removal")


def test_cleanup_runs_after_success():
    done = []
    with cleanup_after(lambda: done.append("end")):
        done.append("block")
    assert done == ["block", "end"]


@pytest.mark.parametrize("error", [RunbookError("Nobody answers."), KeyboardInterrupt(), ValueError("no number")])
def test_cleanup_runs_after_a_failure_which_is_raised(error):
    done = []
    with pytest.raises(type(error)) as failed, cleanup_after(lambda: done.append("end")):
        raise error
    assert (done, failed.value) == (["end"], error)


def test_a_failed_cleanup_is_raised():
    with pytest.raises(RunbookError, match=r"^The account stays\.$"), cleanup_after(refusing):
        pass


def test_both_messages_are_raised_with_the_facts_of_the_first():
    with pytest.raises(RunbookError, match=r"^Nobody answers\. The account stays\.$") as failed, cleanup_after(refusing):
        raise RunbookError("Nobody answers.", step="visit")
    assert failed.value.facts == {"step": "visit"}
