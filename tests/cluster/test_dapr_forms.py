# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Other installations of Dapr than the default: none, high availability, and no scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from dapr_faults.cluster_state import CONTROL_PLANE, SYSTEM, get, wait_until_healthy
from dapr_faults.control_plane import scale
from dapr_faults.publish import publish_arrives
from todo_client import TodoClient

from roles import PLAYBOOK, Roles

pytestmark = [pytest.mark.long, pytest.mark.phase("cluster_wide")]
RECOVER = "playbooks/recover_dapr.yml"
SCHEDULER = "dapr-scheduler-server"
WITHOUT_SCHEDULER = {name: kind for name, kind in CONTROL_PLANE.items() if name != SCHEDULER}


@dataclass(frozen=True)
class Form:
    """Values of the chart below ``global``, the resulting components, and the number of sentries."""

    values: dict
    components: Mapping[str, str]
    sentries: int


FORMS = {
    "high availability": Form({"ha": {"enabled": True}}, CONTROL_PLANE, 3),
    "no scheduler": Form({"scheduler": {"enabled": False}}, WITHOUT_SCHEDULER, 1),
}


@pytest.fixture(scope="module")
def user(addresses) -> TodoClient:
    return TodoClient.signed_up(*addresses)


@pytest.fixture
def role(cluster, playbooks):
    """Runs the role dapr with variables; in the end Dapr is as deploy.yml installs it."""

    def run(**variables):
        Roles().run(PLAYBOOK, with_dapr=True, **variables).ok()

    yield run
    run()
    playbooks.run(RECOVER).ok()
    wait_until_healthy(cluster)


def test_missing_dapr_is_reported_and_a_new_one_recovers_the_sidecars(cluster, playbooks, role, addresses, user):
    role(dapr_state="absent")
    refused = playbooks.run(RECOVER)
    assert refused.status != 0 and refused.recap["changed"] == 0, refused.output[-3000:]
    assert f"namespace: no control plane of Dapr exists in {SYSTEM}. Install Dapr (role dapr)." in " ".join(refused.output.split())
    role()
    recovered = playbooks.run(RECOVER).ok()  # the sidecars have only the previous certificate authority
    assert recovered.recap["changed"] > 0, recovered.output[-3000:]
    wait_until_healthy(cluster, patience=30)
    publish_arrives(cluster, addresses, user)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0


@pytest.mark.parametrize("name", FORMS)
def test_installation_variants_are_recovered(cluster, playbooks, role, addresses, user, name):
    form = FORMS[name]
    workloads = [{"kind": {"deployment": "Deployment", "statefulset": "StatefulSet"}[kind], "name": component} for component, kind in form.components.items()]
    role(dapr_values={"global": form.values}, dapr_workloads=workloads)
    assert (get(cluster, "statefulset", SCHEDULER) is not None) == (SCHEDULER in form.components)
    wait_until_healthy(cluster, components=form.components)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0
    scale(cluster, "dapr-sentry", 0)
    assert playbooks.run(RECOVER).ok().recap["changed"] > 0
    wait_until_healthy(cluster, patience=30, components=form.components)
    assert get(cluster, "deployment", "dapr-sentry")["spec"]["replicas"] == form.sentries
    publish_arrives(cluster, addresses, user)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0
