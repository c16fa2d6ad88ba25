# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a row came to be written twice, from what the rows show: the time between them, and who wrote them. Pure.

Conditions are SQL over the rows d (the later one) and k (the one that stays); a delivery is repeated at once where two replicas or two
subscriptions handle it, and after a pause where the broker waited for an acknowledgement.
"""

from __future__ import annotations

TWO_SUBSCRIPTIONS, DOUBLE_DISPATCH, REDELIVERY, UNKNOWN = "two_subscriptions", "double_dispatch", "redelivery", "unknown"
RETRY_AFTER_TIMEOUT, REPEATED_CALL = "retry_after_timeout", "repeated_call"
EVENT_KINDS = (TWO_SUBSCRIPTIONS, DOUBLE_DISPATCH, REDELIVERY, UNKNOWN)
REQUEST_KINDS = (DOUBLE_DISPATCH, RETRY_AFTER_TIMEOUT, REPEATED_CALL)
AT_ONCE = 0.1  # seconds; two calls of one request were observed 2 to 4 ms apart
TOLERANCE = 0.1  # of a client's time-out


def event_kind(gap: str, consumers_differ: str) -> str:
    """SQL for the kind of an event that was written twice. Both are SQL: seconds, and a condition ("" without a column for the consumer)."""
    first = f"WHEN {consumers_differ} THEN '{TWO_SUBSCRIPTIONS}' " if consumers_differ else ""
    return f"(CASE {first}WHEN {gap} IS NULL THEN '{UNKNOWN}' WHEN {gap} < {AT_ONCE} THEN '{DOUBLE_DISPATCH}' ELSE '{REDELIVERY}' END)"


def request_kind(gap: str, client_timeout: float) -> str:
    """SQL for the kind of a row that one request created twice, each time with an id of its own. ``gap``: SQL, seconds."""
    low, high = client_timeout * (1 - TOLERANCE), client_timeout * (1 + TOLERANCE)
    return f"(CASE WHEN {gap} < {AT_ONCE} THEN '{DOUBLE_DISPATCH}' WHEN {gap} BETWEEN {low} AND {high} THEN '{RETRY_AFTER_TIMEOUT}' ELSE '{REPEATED_CALL}' END)"
