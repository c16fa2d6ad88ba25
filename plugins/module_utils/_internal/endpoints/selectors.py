# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pods a selector matches, and which labels are nearest to one that matches none. Pure."""

from __future__ import annotations

import difflib

NEAR = 0.7  # similarity of two labels, from 0 to 1, from which one may be a mistyped form of the other
# Labels that controllers add, or that differ from revision to revision.
GENERATED = ("pod-template-hash", "controller-revision-hash", "statefulset.kubernetes.io/", "apps.kubernetes.io/pod-index", "dapr.io/")

Labels = dict[str, str]


def matches(selector: Labels, labels: Labels) -> bool:
    """Whether labels have every pair of a selector."""
    return selector.items() <= labels.items()


def labels_of(obj: dict) -> Labels:
    """The labels of an object, or of a pod template."""
    return (obj.get("metadata") or {}).get("labels") or {}


def text_of(labels: Labels) -> str:
    """Labels as kubectl takes them."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def nearest(selector: Labels, candidates: dict[str, Labels]) -> tuple[str, Labels] | None:
    """The candidate whose labels resemble the selector most, with those labels, None if none resembles it.

    ``candidates``: labels by the name of what has them. A candidate resembles a selector if one of its labels is nearly a pair of it.
    """
    scored = [(_score(selector, labels), name) for name, labels in candidates.items()]
    score, name = max(scored, key=lambda item: item[0], default=(0.0, ""))
    return (name, own_labels(candidates[name])) if score else None


def own_labels(labels: Labels) -> Labels:
    """Labels without those that controllers add."""
    return {key: value for key, value in labels.items() if not key.startswith(GENERATED)}


def _score(selector: Labels, labels: Labels) -> float:
    return sum(_similarity(pair, own_labels(labels)) for pair in selector.items())


def _similarity(pair: tuple[str, str], labels: Labels) -> float:
    """How near the nearest label is to a pair: 1 for the pair itself, 0 below NEAR. Another value of the same key is near by itself."""
    key, value = pair
    ratios = [difflib.SequenceMatcher(None, f"{key}={value}", f"{other}={text}").ratio() for other, text in labels.items()]
    best = max(ratios, default=0.0)
    return best if best >= NEAR else 0.0
