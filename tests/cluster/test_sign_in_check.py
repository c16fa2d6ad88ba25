# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real Better Auth with an https address over its NodePort, which takes its secret from AUTH_SECRET: it is recovered, and that is verified."""

from __future__ import annotations

import json

import pytest
from better_auth_server import Person, Server

from roles import Roles

pytestmark = pytest.mark.phase("beside", "better-auth")
ROLE = "tests/cluster/playbooks/auth_keys.yml"
FIRST, OTHER = "first secret of a test long enough", "other secret of a test long enough"
ORIGIN = "https://app.example.org"


@pytest.fixture(scope="module")
def server(cluster):
    with Server(cluster, "1.7.25", FIRST, variable="AUTH_SECRET", origin=ORIGIN) as server:
        yield server


@pytest.fixture
def run(cluster, server, tmp_path):
    """Runs the role with an account."""
    node = next(a["address"] for a in cluster.objects("nodes")[0]["status"]["addresses"] if a["type"] == "InternalIP")

    def run(person: Person, **variables):
        file = tmp_path / "probe.json"
        file.write_text(json.dumps({"auth_keys_probe": {"email": person.email, "password": person.password}}))
        service = {"auth_keys_service": "auth", "auth_keys_node_address": node}
        return Roles().run(ROLE, "-e", f"@{file}", auth_keys_from="main.yml", **{**server.options, **service, **variables})

    return run


def test_a_recovery_of_auth_secret_is_verified_over_http_with_the_application_s_origin(server, run):
    person = Person(server)
    assert run(person, auth_keys_origin=ORIGIN).ok().recap["changed"] == 0
    server.run_with(secret=OTHER)
    done = run(person, auth_keys_origin=ORIGIN).ok()
    assert done.recap["changed"] == 1, done.output[-3000:]
    assert run(person, auth_keys_origin=ORIGIN).ok().recap["changed"] == 0


def test_an_origin_that_is_not_trusted_is_named(server, run):
    failed = run(Person(server))
    output = " ".join(failed.output.split())
    assert failed.status != 0 and "does not trust the origin http://" in output and "Set the option origin" in output, failed.output[-3000:]


def test_an_account_with_a_second_factor_is_named(server, run):
    person = Person(server)
    person.http.headers["Cookie"] = "; ".join(f"{cookie.name}={cookie.value}" for cookie in person.http.cookies)  # of an https address, over http
    person.enable_second_factor()
    failed = run(person, auth_keys_origin=ORIGIN)
    output = " ".join(failed.output.split())
    assert failed.status != 0 and "asks for a second factor" in output and "Use an account without it" in output, failed.output[-3000:]
