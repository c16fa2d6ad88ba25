# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which layers of an image are in a node already. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def longest_shared(layers: list[str], others: Iterable[list[str]]) -> int:
    """How many of the lowest layers one of the other images has in the same order.

    >>> longest_shared(["a", "b", "c"], [["a"], ["a", "b", "x"], ["b", "c"]])
    2
    """
    return max((_shared(layers, other) for other in others), default=0)


def _shared(layers: list[str], other: list[str]) -> int:
    count = 0
    for mine, theirs in zip(layers, other):
        if mine != theirs:
            break
        count += 1
    return count
