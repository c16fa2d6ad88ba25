# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dapr in other forms than the usual one: not there at all, with high availability, and without its scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from dapr_faults.control_plane import scale
from dapr_faults.looks import CONTROL_PLANE, SYSTEM, dapr_serves, get
from dapr_faults.publish import publish_arrives
from todo_client import TodoClient

from roles import PLAYBOOK, Roles

pytestmark = [pytest.mark.long, pytest.mark.phase("cluster_wide")]
RECOVER = "playbooks/recover_dapr.yml"
SCHEDULER = "dapr-scheduler-server"
WITHOUT_SCHEDULER = {name: kind for name, kind in CONTROL_PLANE.items() if name != SCHEDULER}


@dataclass(frozen=True)
class Form:
    """Values of the chart below ``global``, what there is then, and how many sentries."""

    values: dict
    parts: Mapping[str, str]
    sentries: int


FORMS = {
    "high availability": Form({"ha": {"enabled": True}}, CONTROL_PLANE, 3),
    "no scheduler": Form({"scheduler": {"enabled": False}}, WITHOUT_SCHEDULER, 1),
}


@pytest.fixture(scope="module")
def person(addresses) -> TodoClient:
    client = TodoClient(*addresses)
    client.sign_up()
    return client


@pytest.fixture
def role(cluster, playbooks):
    """Runs the role dapr with variables; in the end Dapr is as deploy.yml makes it."""

    def run(**variables):
        Roles().run(PLAYBOOK, with_dapr=True, **variables).ok()

    yield run
    run()
    playbooks.run(RECOVER).ok()
    dapr_serves(cluster)


def test_where_dapr_is_not_there_it_is_said_and_a_new_one_takes_over_the_sidecars(cluster, playbooks, role, addresses, person):
    role(dapr_state="absent")
    refused = playbooks.run(RECOVER)
    assert refused.status != 0 and refused.recap["changed"] == 0, refused.output[-3000:]
    assert f"namespace: nothing of Dapr's control plane is in {SYSTEM}. Install Dapr (role dapr)." in " ".join(refused.output.split())
    role()
    recovered = playbooks.run(RECOVER).ok()  # the sidecars know the former certificate authority only
    assert recovered.recap["changed"] > 0, recovered.output[-3000:]
    dapr_serves(cluster, patience=30)
    publish_arrives(cluster, addresses, person)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0


@pytest.mark.parametrize("name", FORMS)
def test_another_form_is_known_and_brought_back(cluster, playbooks, role, addresses, person, name):
    form = FORMS[name]
    workloads = [{"kind": {"deployment": "Deployment", "statefulset": "StatefulSet"}[kind], "name": part} for part, kind in form.parts.items()]
    role(dapr_values={"global": form.values}, dapr_workloads=workloads)
    assert (get(cluster, "statefulset", SCHEDULER) is not None) == (SCHEDULER in form.parts)
    dapr_serves(cluster, parts=form.parts)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0
    scale(cluster, "dapr-sentry", 0)
    assert playbooks.run(RECOVER).ok().recap["changed"] > 0
    dapr_serves(cluster, patience=30, parts=form.parts)
    assert get(cluster, "deployment", "dapr-sentry")["spec"]["replicas"] == form.sentries
    publish_arrives(cluster, addresses, person)
    assert playbooks.run(RECOVER).ok().recap["changed"] == 0
