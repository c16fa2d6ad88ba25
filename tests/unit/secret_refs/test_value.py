# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was found in a place is one certain value, or the place is named and nothing of a value is."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.observe import LocatedValue
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.secret_refs.value import text_of
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError


def test_one_value_in_two_places():
    assert text_of([LocatedValue(0, "the pod a", b"planted"), LocatedValue(0, "the pod b", b"planted")], "secret") == "planted"


@pytest.mark.parametrize(("found", "words"), [
    ([LocatedValue(0, "the pod a", b"planted-1"), LocatedValue(0, "the pod b", b"planted-2")],
     "^secret: these locations have different values: the pod a, the pod b"),
    ([LocatedValue(0, "the pod a", b"planted-1"), LocatedValue(0, "the pod b", unknown="it ends")],
     "^secret: the value of the pod b could not be read: it ends"),
    ([LocatedValue(0, "the pod a", b"planted-1"), LocatedValue(0, "the pod b", b"")], "^secret: the pod b has no value, or an empty one"),
    ([LocatedValue(0, "the pod a", b"planted-\xff")], "^secret: the value of the pod a is not valid UTF-8"),
])  # fmt: skip
def test_what_is_no_value_is_refused_and_not_shown(found, words):
    with pytest.raises(RunbookError, match=words) as refused:
        text_of(found, "secret")
    assert "planted" not in str(refused.value) + str(refused.value.facts)
