# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The trust bundle: what Sentry would use, and what everybody trusts."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils.dapr.bundle import bundle_of, faults, issued, validates, warnings
from dapr_objects import CA, NOW, OTHER_CA, Authority, encoded


def test_a_good_one_has_nothing_wrong():
    bundle = bundle_of(CA.secret(), CA.configmap())
    assert bundle.is_whole and not bundle.differs and faults(bundle, NOW) == [] and warnings(bundle, NOW) == []


@pytest.mark.parametrize("key", ["ca_crt", "issuer_crt", "issuer_key"])
def test_each_missing_key_makes_sentry_begin_anew(key):
    assert not bundle_of(CA.secret(**{key: True}), CA.configmap()).is_whole


@pytest.mark.parametrize("configmap", [None, OTHER_CA.configmap(), {"metadata": {}, "data": {}}, {"metadata": {}}])
def test_a_configmap_that_says_something_else_differs(configmap):
    assert bundle_of(CA.secret(), configmap).differs


def test_an_empty_secret_does_not_differ():
    assert not bundle_of({"metadata": {}}, {"metadata": {}}).differs


def test_what_ran_out_is_told_with_its_time():
    told = faults(bundle_of(Authority(days=-1).secret(), None), NOW)
    assert told == ["the issuer's certificate ran out at 2025-02-28 12:00 UTC", "the certificate authority ran out at 2025-02-28 12:00 UTC"]


def test_what_runs_out_soon_is_a_warning():
    soon = bundle_of(Authority(days=20).secret(), None)
    assert faults(soon, NOW) == [] and len(warnings(soon, NOW)) == 2 and "2025-03-21" in warnings(soon, NOW)[0]


def test_an_issuer_of_another_authority_is_told():
    mixed = CA.secret()
    mixed["data"]["ca.crt"] = encoded(OTHER_CA.anchors)
    assert faults(bundle_of(mixed, None), NOW) == ["the certificate authority did not sign the issuer's certificate"]


def test_what_is_no_certificate_is_told():
    broken = CA.secret()
    broken["data"]["issuer.crt"] = encoded("hello")
    assert "something else than certificates" in faults(bundle_of(broken, None), NOW)[0]


def test_anchors_are_judged_by_whom_they_signed():
    assert validates(CA.anchors, CA.issuer) and validates(OTHER_CA.anchors + CA.anchors, CA.issuer)
    assert not validates(OTHER_CA.anchors, CA.issuer) and not validates("", CA.issuer)


def test_a_leaf_is_judged_by_the_issuer():
    assert issued(CA.issuer, CA.leaf()) and not issued(CA.issuer, OTHER_CA.leaf())


def test_the_private_key_is_not_kept():
    assert CA.secret()["data"]["issuer.key"] == encoded("a key")
    assert not {"a key", encoded("a key")} & set(vars(bundle_of(CA.secret(), CA.configmap())).values())
