# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which key an application signs with, by its release and its algorithm."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.jwks_table import OPTIONAL, REQUIRED, JwksRow, JwksTable, TableNames
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.keys import SigningRule, algorithm_warnings, rule_of


def row(name, **more):
    return JwksRow(name, "{}", "", "2025-03-01 12:00:00+00", **more)


@pytest.mark.parametrize(
    ("rows", "algorithm", "active"),
    [
        (["RS256 readable", "EdDSA unreadable"], "EdDSA", 1),
        (["RS256 unreadable", "EdDSA readable"], "EdDSA", 1),
        (["RS256 readable", "EdDSA unreadable"], "RS256", 0),
        (["RS256 readable", "none unreadable"], "EdDSA", 1),  # one of before the column counts as of the configured algorithm
        (["RS256 readable", "ES256 unreadable"], "EdDSA", 0),
        (["RS256 readable", "EdDSA expired"], "EdDSA", 0),
        (["EdDSA expired"], "EdDSA", None),
    ],
)
def test_better_auth_1_7_signs_with_the_newest_key_of_its_algorithm(rows, algorithm, active):
    made = [row(str(number), alg=None if one.startswith("none") else one.split()[0], expired="expired" in one) for number, one in enumerate(rows)]
    found = SigningRule(algorithm).active(made)
    assert (found and int(found.id)) == active


@pytest.mark.parametrize(("rows", "active"), [([False, True], 0), ([True, False], None), ([], None)])
def test_earlier_releases_sign_with_the_newest_key_and_create_one_where_it_has_expired(rows, active):
    made = [row(str(number), alg=None, expired=expired) for number, expired in enumerate(rows)]
    found = SigningRule("EdDSA", has_algorithms=False).active(made)
    assert (found and int(found.id)) == active


def test_the_rule_follows_the_table_and_several_algorithms_are_told():
    older, newer = (JwksTable(TableNames(), frozenset(columns), ()) for columns in (REQUIRED, (*REQUIRED, *OPTIONAL)))
    assert (rule_of(older, None), rule_of(newer, "RS256")) == (SigningRule("EdDSA", False), SigningRule("RS256", True))
    both = [row("a", alg="RS256"), row("b", alg="EdDSA"), row("c", alg="ES256", expired=True)]
    (warning,) = algorithm_warnings(both, None)
    assert "EdDSA, RS256" in warning and "set the option algorithm" in warning
    assert algorithm_warnings(both, "EdDSA") == algorithm_warnings(both[1:], None) == []
