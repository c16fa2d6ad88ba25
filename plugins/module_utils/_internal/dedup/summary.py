# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sentences that the role idempotency prints, from the results of its modules. Pure."""

from __future__ import annotations

from .kinds import DOUBLE_DISPATCH, REDELIVERY, REPEATED_CALL, RETRY_AFTER_TIMEOUT, TWO_SUBSCRIPTIONS, UNKNOWN

NAMED = 20  # rows in a sentence
MEANINGS = {
    DOUBLE_DISPATCH: "written within 0.1 s, by two calls or two replicas at the same time",
    TWO_SUBSCRIPTIONS: "written by different consumers, which both subscribe to the topic",
    REDELIVERY: "delivered again, as the broker missed an acknowledgement",
    UNKNOWN: "written twice; there is no time to tell why",
    RETRY_AFTER_TIMEOUT: "written again after the client's time-out",
    REPEATED_CALL: "written by a second call, as an agent makes it",
}
INDEX = {
    "create": "The index {name} {was} created.", "rebuild": "The index {name} was invalid, and {was} rebuilt.",
    "wait": "The index {name} {was} completed by another session.", "drop": "The index {name} {was} dropped.", "none": "The index {name} keeps duplicates out.",
}  # fmt: skip


def duplicates_summary(results: dict, predicted: bool) -> list[str]:
    """What was found and done, or in check mode would be. ``results``: ``events`` (event_dedup) and ``requests`` (request_duplicates_info)."""
    return [
        *(line for one in results["requests"] for line in _of_requests(one)),
        *(line for one in results["events"] for line in _of_events(one, "would be" if predicted else "was")),
    ]


def _of_requests(result: dict) -> list[str]:
    rows = _named([f"{one['row']} after {one['first']}" for one in result["rows"]], result["row_count"])
    if not rows:
        return [f"{result['table']}: no request created a row twice."]
    step = "Nothing of that is removed, as a user may want both: delete the ones that nobody wants."
    return [*(f"{result['table']}: {count} rows {MEANINGS[kind]}." for kind, count in result["kinds"].items()), f"Rows: {rows}. {step}"]


def _of_events(result: dict, was: str) -> list[str]:
    were = "were" if was == "was" else was
    if result["restored"]:
        return [f"{result['table']}: {result['restored']} rows {were} restored from archive {result['archive_id']}.", _index(result["index"], was)]
    rows = _named([f"{one['row']} (kept: {one['kept']})" for one in result["duplicates"]], result["duplicate_count"])
    archive = f"{result['archive_table']}{', archive ' + result['archive_id'] if result['archive_id'] else ''}"
    kinds = [f"{result['table']}: {count} rows {MEANINGS[kind]}." for kind, count in result["kinds"].items()]
    moved = [f"Rows that {were} moved to {archive}: {rows}."] if rows else [f"{result['table']}: no duplicate events."]
    return [*kinds, *moved, _index(result["index"], was)]


def _index(index: dict, was: str) -> str:
    return INDEX[index["action"]].format(name=index["name"], was=was)


def _named(names: list[str], count: int) -> str:
    more = f" and {count - NAMED} more" if count > NAMED else ""
    return ", ".join(names[:NAMED]) + more
