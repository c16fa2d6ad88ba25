# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A value compared in 200 Secrets of 20 namespaces, with the calls that it takes."""

from __future__ import annotations

import base64
import json
import secrets
import uuid

import pytest
from api_proxy import CountingProxy
from modules import run_task

pytestmark = pytest.mark.phase("beside", "many-secrets")
NAMESPACES, SECRETS = 20, 10
VALUE = secrets.token_urlsafe(32)
# Kind of difference: what a Secret holds instead; the key itself is missing in one more.
KINDS = {
    "trailing_newline": f"{VALUE}\n", "surrounding_whitespace": f"  {VALUE} ", "quotes": f'"{VALUE}"', "case": VALUE.swapcase(),
    "base64": base64.b64encode(VALUE.encode()).decode(), "hex": VALUE.encode().hex(), "bom": f"\ufeff{VALUE}", "other": secrets.token_urlsafe(32), "empty": "",
}  # fmt: skip
WITHOUT_KEY = 5  # the place whose key is missing


@pytest.fixture
def many(cluster):
    """The places: all with the value but for one of each kind of difference, and one without the key."""
    run = uuid.uuid4().hex[:6]
    names = [f"many-secrets-{run}-{number}" for number in range(NAMESPACES)]
    places = [{"namespace": namespace, "secret": f"holder-{number}", "key": "key"} for namespace in names for number in range(SECRETS)]
    values = dict(zip(range(SECRETS, NAMESPACES * SECRETS, SECRETS), KINDS.values()))  # one a namespace
    objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
    for number, place in enumerate(places):
        data = {"other": "x"} if number == WITHOUT_KEY else {"key": values.get(number, VALUE)}
        metadata = {"name": place["secret"], "namespace": place["namespace"]}
        objects.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    yield places
    cluster.kubectl("delete", "namespace", *names, "--wait=false")


def test_one_list_a_namespace_and_every_kind_of_difference(cluster, many):
    with CountingProxy(cluster) as proxy:
        found = run_task("secret_compare", "-vvvv", kubeconfig=proxy.kubeconfig, locations=many)
    assert not found["failed"] and not found["equal"], found
    assert proxy.count["get", "secrets"] + proxy.count["list", "secrets"] <= NAMESPACES, proxy.count
    kinds = [one["kinds"] for one in found["differences"]]
    assert sorted(kinds) == sorted([kind] for kind in [*KINDS, "missing"]), kinds
    assert VALUE not in json.dumps(found)
