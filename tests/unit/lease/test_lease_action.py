# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When the action plugin reports for whom it waits."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.action.lease import _waits


@pytest.mark.parametrize(
    ("wait", "waits"), [(300, True), ("300", True), (0, False), ("0", False), (None, False), ("soon", False), (-1, False)]
)
def test_waiting_is_requested_by_a_number_of_seconds(wait, waits):
    assert _waits({"wait": wait}) is waits


def test_waiting_is_not_requested():
    assert not _waits({})
