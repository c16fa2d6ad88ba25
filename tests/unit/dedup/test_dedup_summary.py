# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sentences of the role idempotency."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.summary import duplicates_summary

INDEX = {"name": "uq", "action": "none", "definition": ""}
EVENTS = {
    "table": "public.audit_log", "duplicates": [], "duplicate_count": 0, "kinds": {}, "archive_table": "public.archive", "archive_id": None, "restored": 0,
    "index": INDEX,
}  # fmt: skip


def test_nothing_was_found():
    requests = {"table": "public.task", "rows": [], "row_count": 0, "kinds": {}}
    assert duplicates_summary({"events": [EVENTS], "requests": [requests]}, predicted=False) == [
        "public.task: no request created a row twice.", "public.audit_log: no duplicate events.", "The index uq keeps duplicates out.",
    ]  # fmt: skip


def test_what_was_found_is_named_with_its_kind():
    rows = [{"row": f"id={number}", "kept": "id=1"} for number in range(2, 24)]
    found = {**EVENTS, "duplicates": rows, "duplicate_count": 22, "kinds": {"redelivery": 22}, "archive_id": "a1", "index": {**INDEX, "action": "create"}}
    done = duplicates_summary({"events": [found], "requests": []}, predicted=False)
    assert "22 rows delivered again" in done[0] and "were moved to public.archive, archive a1: id=2 (kept: id=1)" in done[1] and "and 2 more" in done[1]
    assert done[2] == "The index uq was created."
    predicted = duplicates_summary({"events": [{**found, "archive_id": None}], "requests": []}, predicted=True)
    assert "would be moved to public.archive: " in predicted[1] and predicted[2] == "The index uq would be created."


def test_rows_of_requests_are_left_to_the_user():
    requests = {"table": "public.task", "rows": [{"row": "id=2", "first": "id=1"}], "row_count": 1, "kinds": {"double_dispatch": 1}}
    lines = duplicates_summary({"events": [], "requests": [requests]}, predicted=False)
    assert "by two calls or two replicas" in lines[0] and "id=2 after id=1" in lines[1] and "Nothing of that is removed" in lines[1]


def test_restored_rows():
    restored = {**EVENTS, "restored": 3, "archive_id": "a1", "index": {**INDEX, "action": "drop"}}
    assert duplicates_summary({"events": [restored], "requests": []}, predicted=False) == [
        "public.audit_log: 3 rows was restored from archive a1.".replace("was", "were"), "The index uq was dropped.",
    ]  # fmt: skip
