# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was found in a place is one certain value, or the place is named and nothing of a value is."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.observe import Found
from ansible_collections.runbook.minikube.plugins.module_utils.secret_places.value import text_of


def test_one_value_in_two_places():
    assert text_of([Found(0, "the pod a", b"planted"), Found(0, "the pod b", b"planted")], "secret") == "planted"


@pytest.mark.parametrize(("found", "words"), [
    ([Found(0, "the pod a", b"planted-1"), Found(0, "the pod b", b"planted-2")], "^secret: these places hold different values: the pod a, the pod b"),
    ([Found(0, "the pod a", b"planted-1"), Found(0, "the pod b", unknown="it ends")], "^secret: the value of the pod b is not known: it ends"),
    ([Found(0, "the pod a", b"planted-1"), Found(0, "the pod b", b"")], "^secret: the pod b has no value, or an empty one"),
    ([Found(0, "the pod a", b"planted-\xff")], "^secret: what the pod a holds is no text"),
])  # fmt: skip
def test_what_is_no_value_is_refused_and_not_shown(found, words):
    with pytest.raises(RunbookError, match=words) as refused:
        text_of(found, "secret")
    assert "planted" not in str(refused.value) + str(refused.value.facts)
