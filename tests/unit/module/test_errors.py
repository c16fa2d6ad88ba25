# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be done in the end is done whatever came before, and no failure hides another."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError, ending_with


def refusing():
    raise RunbookError("The account stays.", step="removal")


def test_the_end_comes_after_success():
    done = []
    with ending_with(lambda: done.append("end")):
        done.append("block")
    assert done == ["block", "end"]


@pytest.mark.parametrize("error", [RunbookError("Nobody answers."), KeyboardInterrupt(), ValueError("no number")])
def test_the_end_comes_after_a_failure_which_stays(error):
    done = []
    with pytest.raises(type(error)) as failed, ending_with(lambda: done.append("end")):
        raise error
    assert (done, failed.value) == (["end"], error)


def test_an_end_that_fails_alone_is_told():
    with pytest.raises(RunbookError, match=r"^The account stays\.$"), ending_with(refusing):
        pass


def test_both_causes_are_told_with_the_facts_of_the_first():
    with pytest.raises(RunbookError, match=r"^Nobody answers\. The account stays\.$") as failed, ending_with(refusing):
        raise RunbookError("Nobody answers.", step="visit")
    assert failed.value.facts == {"step": "visit"}
