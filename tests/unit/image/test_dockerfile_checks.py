# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the classic builder cannot build is refused before a build, and what docker warns about is a warning."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.dockerfile_checks import (
    buildkit_features,
    malformed_patterns,
    unused_arguments,
)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("FROM a\nRUN --mount=type=cache,target=/c true\nRUN --mount=type=secret,id=x true", ["RUN --mount"]),
        ("FROM a\nCOPY --link x /x\nADD --checksum=sha256:0 http://x /x", ["COPY --link", "ADD --checksum"]),
        ("FROM a\nRUN <<EOF\nset -e\nEOF", ["RUN with a here-document"]),
        ("FROM --platform=$BUILDPLATFORM a AS b", ["FROM --platform with BuildKit's own arguments"]),
        ("FROM --platform=linux/amd64 a\nCOPY --chown=1:1 --from=b x /x\nRUN ls --mount && echo <<<x", []),
    ],
)
def test_features_of_buildkit(text, features):
    assert buildkit_features(text) == features


def test_arguments_that_nothing_declares():
    text = "ARG BASE=x\nFROM $BASE\nARG ONE TWO=2\n# ARG THREE"
    assert unused_arguments(text, {"BASE": "", "ONE": "", "TWO": "", "THREE": "", "http_proxy": "", "NO_PROXY": ""}) == ["THREE"]


def test_malformed_patterns():
    assert malformed_patterns(["a[b", "[a-c]x", "*.py", "x\\", "!keep", "[]"]) == ["a[b", "x\\", "[]"]
