# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Some libraries print the URL that they can't parse, with its password, so a container's log may contain it."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.workloads.logs import printable


def test_a_log_shows_no_account_of_a_url():
    assert printable("ArgumentError: postgresql://todo:hun/ter2@postgres/todo\n") == "ArgumentError: postgresql://***@postgres/todo"


def test_nor_a_part_of_it_where_the_log_is_cut():
    assert "hunter2" not in printable("postgresql://" + "x" * 19_990 + ":hunter2@db/x")
