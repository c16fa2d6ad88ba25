# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases as Helm 3 stores them."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dapr.helm_release import (
    HelmRelease,
    deployed_revision,
    helm_secrets,
    last_good_revision,
    latest_revision,
    manifest_objects,
    released_version,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError


def stored(version: int, status: str = "deployed", config: dict | None = None) -> dict:
    record = {
        "name": "dapr", "version": version, "info": {"status": status}, "config": config,
        "chart": {"metadata": {"name": "dapr", "version": "1.16.0"}},
    }  # fmt: skip
    packed = base64.b64encode(gzip.compress(json.dumps(record).encode()))
    metadata = {"name": f"sh.helm.release.v1.dapr.v{version}", "labels": {"owner": "helm", "name": "dapr", "version": str(version)}}
    return {"metadata": metadata, "data": {"release": base64.b64encode(packed).decode()}}


def test_no_release():
    assert latest_revision([]) == HelmRelease()
    assert latest_revision([]).status == ""


def test_latest_revision_by_number_not_by_text():
    release = latest_revision([stored(9, "superseded"), stored(10, "pending-upgrade"), stored(2, "superseded")])
    assert release.to_dict() == {"status": "pending-upgrade", "revision": 10, "chart": "dapr-1.16.0"}


def test_values_are_read_and_never_returned():
    release = latest_revision([stored(1, config={"global": {"tag": "1.16.0", "password": "s3cret"}})])
    assert release.values["global"]["tag"] == "1.16.0"
    assert "s3cret" not in repr(release) + repr(release.to_dict())


def test_release_without_values():
    assert latest_revision([stored(1, config=None)]).values == {}


@pytest.mark.parametrize("data", [{}, {"release": "bm90IGd6aXA="}, {"release": "%%%"}])
def test_invalid_record_is_named(data):
    with pytest.raises(RunbookError, match="sh.helm.release.v1.dapr.v1 is not the record"):
        latest_revision([{**stored(1), "data": data}])


def test_namespaced_objects_get_the_namespace_of_the_release():
    metadata = {"Service": "{name: api}", "ClusterRole": "{name: all}", "Role": "{name: r, namespace: other}"}
    manifest = "\n---\n---\n".join(f"{{kind: {kind}, metadata: {fields}}}" for kind, fields in metadata.items())
    found = manifest_objects(HelmRelease(manifest=manifest), "dapr-system")
    assert {key: obj["metadata"].get("namespace") for key, obj in found.items()} == {
        ("Service", "api"): "dapr-system", ("ClusterRole", "all"): None, ("Role", "r"): "other",
    }


def test_deployed_revision_takes_precedence():
    secrets = [stored(1, "superseded"), stored(2), stored(3, "failed")]
    for secret, status in zip(secrets, ("superseded", "deployed", "failed"), strict=True):
        secret["metadata"]["labels"]["status"] = status
    assert deployed_revision(secrets).revision == 2 and deployed_revision(secrets[2:]).revision == 3 and deployed_revision([]) == HelmRelease()


@pytest.mark.parametrize(
    ("statuses", "number"), [(["deployed", "failed", "pending-upgrade"], 1), (["superseded", "superseded", "failed"], 2), (["failed"], 0), ([], 0)]
)
def test_a_rollback_goes_to_the_last_revision_that_was_deployed(statuses, number):
    secrets = [stored(version, status) for version, status in enumerate(statuses, start=1)]
    for secret, status in zip(secrets, statuses, strict=True):
        secret["metadata"]["labels"]["status"] = status
    assert last_good_revision(secrets) == number


def test_the_secrets_of_a_release_are_found_by_their_labels():
    foreign = {**stored(1), "metadata": {"name": "x", "labels": {"owner": "helm", "name": "other"}}}
    assert helm_secrets([stored(1), foreign, {"metadata": {"name": "plain"}}], "dapr") == [stored(1)]


def test_the_version_is_that_of_the_operator():
    operator = {"metadata": {"labels": {"app.kubernetes.io/version": "1.16.0"}}}
    assert released_version({("Deployment", "dapr-operator"): operator}) == "1.16.0" and released_version({}) == ""
