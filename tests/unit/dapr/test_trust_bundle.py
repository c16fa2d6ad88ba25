# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The trust bundle: what Sentry would use, and what all components trust."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.trust_bundle import (
    bundle_problems,
    expiry_warnings,
    is_issued_by,
    read_bundle,
    validates,
)
from dapr_objects import CA, NOW, OTHER_CA, Authority, encoded


def test_valid_bundle_has_no_problems():
    bundle = read_bundle(CA.secret(), CA.configmap())
    assert bundle.is_complete and not bundle.configmap_differs and bundle_problems(bundle, NOW) == [] and expiry_warnings(bundle, NOW) == []


@pytest.mark.parametrize("key", ["ca_crt", "issuer_crt", "issuer_key"])
def test_bundle_without_a_key_is_incomplete(key):
    assert not read_bundle(CA.secret(**{key: True}), CA.configmap()).is_complete


@pytest.mark.parametrize("configmap", [None, OTHER_CA.configmap(), {"metadata": {}, "data": {}}, {"metadata": {}}])
def test_configmap_with_other_anchors_differs(configmap):
    assert read_bundle(CA.secret(), configmap).configmap_differs


def test_an_empty_secret_does_not_differ():
    assert not read_bundle({"metadata": {}}, {"metadata": {}}).configmap_differs


def test_expired_certificates_are_reported_with_their_time():
    problems = bundle_problems(read_bundle(Authority(days=-1).secret(), None), NOW)
    assert problems == ["the issuer's certificate expired at 2025-02-28 12:00 UTC", "the certificate authority expired at 2025-02-28 12:00 UTC"]


def test_certificates_that_expire_soon_are_a_warning():
    soon = read_bundle(Authority(days=20).secret(), None)
    assert bundle_problems(soon, NOW) == [] and len(expiry_warnings(soon, NOW)) == 2 and "2025-03-21" in expiry_warnings(soon, NOW)[0]


def test_issuer_of_another_authority_is_reported():
    mixed = CA.secret()
    mixed["data"]["ca.crt"] = encoded(OTHER_CA.anchors)
    assert bundle_problems(read_bundle(mixed, None), NOW) == ["the certificate authority did not sign the issuer's certificate"]


def test_invalid_certificate_is_reported():
    broken = CA.secret()
    broken["data"]["issuer.crt"] = encoded("hello")
    assert "does not contain valid certificates" in bundle_problems(read_bundle(broken, None), NOW)[0]


def test_anchors_are_judged_by_whom_they_signed():
    assert validates(CA.anchors, CA.issuer) and validates(OTHER_CA.anchors + CA.anchors, CA.issuer)
    assert not validates(OTHER_CA.anchors, CA.issuer) and not validates("", CA.issuer)


def test_a_leaf_is_judged_by_the_issuer():
    assert is_issued_by(CA.issuer, CA.leaf()) and not is_issued_by(CA.issuer, OTHER_CA.leaf())


def test_private_key_is_not_stored():
    assert CA.secret()["data"]["issuer.key"] == encoded("a key")
    assert not {"a key", encoded("a key")} & set(vars(read_bundle(CA.secret(), CA.configmap())).values())
