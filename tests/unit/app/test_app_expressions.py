# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Errors in Jinja expressions have a path and a reason, but do not quote the expression."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.expressions import UNKNOWN, first_failing, reason_of


class NoValue(Exception):
    """As a template's evaluation fails."""


def evaluate(value):
    if "{{" in str(value):
        raise NoValue


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"name": "shop", "workloads": [{"name": "a"}, {"name": "{{ b }}"}]}, "app.workloads[1].name"),
        ({"images": "{{ all }}"}, "app.images"),
        ("{{ app }}", "app"),
        ({"{{ key }}": 1}, "app"),
    ],
)
def test_innermost_path_is_named(value, place):
    assert first_failing(value, "app", evaluate, (NoValue,)) == place


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("{{ 'SECRET' ~ a }}: 'b' is undefined. 'b' is undefined", "'b' is undefined"),
        ("SECRET 'dict object' has no attribute 'python'. SECRET", "'dict object' has no attribute 'python'"),
        ("An unhandled exception occurred while running the lookup plugin 'file'. Error: SECRET", "the lookup plugin 'file' failed"),
        ("The filter plugin 'ansible.builtin.b64decode' failed: SECRET", "the filter plugin 'ansible.builtin.b64decode' failed"),
        ("Attempting to decrypt but no vault secrets found.", "it is encrypted by ansible-vault, and none of the given passwords decrypts it"),
        ("template error while templating string: unexpected '}'. String: {{ SECRET }", UNKNOWN),
    ],
)
def test_reason_does_not_quote_the_expression(message, reason):
    assert reason_of(NoValue(message)) == reason
