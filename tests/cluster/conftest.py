# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One real cluster for all tests in this folder, with a profile, a state folder and a kubeconfig of its own.

Each test names its phase: ``pytest.mark.phase(name, group)``. The phases are run as tests/suite/phases.py defines; without ``--phase``
all of them are in one run. Tests of one group run one after the other, groups of the phase ``beside`` side by side.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import recorder
from deployment import FIRST_APPLICATION, Application
from harness import CHECKOUT, LONG, Playbooks, Run, TestCluster
from todo_client import as_probe

PHASES = ("undeployed", "deploy", "application", "second_application", "beside", "cluster_wide", "stopping")
FIRST = "test_rollout_failures.py"  # of a phase: in cluster_wide, pods may be created late, as Dapr's webhook is away
LAST = "test_teardown.py"
MARKERS = (
    "phase(name, group): when a test runs, and together with which others",
    "long: a long form, only run by `make test-long`",
    "no_rerun: about leaks, lost writes, wrong targets, rights or check mode, where a failure is never put down to the machine",
)


def pytest_addoption(parser):
    parser.addoption("--phase", choices=PHASES, help="run the tests of one phase only")


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    recorder.register(config)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in this hook too
def pytest_collection_modifyitems(config, items):
    """Puts the phases into their order, the cluster's end last. What was not requested is counted as deselected."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: (PHASES.index(phase_of(item)), item.path.name == LAST, item.path.name != FIRST))
    left_out = [item for item in items if not is_chosen(item, config.getoption("--phase"))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session):
    """A pytest-xdist that does not know the groups would let tests disturb each other."""
    if hasattr(session.config, "workerinput") and not all("@" in item.nodeid for item in session.items):
        raise pytest.UsageError("pytest-xdist has put the tests into no groups: run them with --dist loadgroup, and with the versions of requirements/")


def is_chosen(item, phase: str | None) -> bool:
    return phase in (None, phase_of(item)) and (LONG or not item.get_closest_marker("long"))


def phase_of(item) -> str:
    marker = item.get_closest_marker("phase")
    if marker is None or marker.args[0] not in PHASES:
        raise pytest.UsageError(f"{item.nodeid} needs a phase, one of {', '.join(PHASES)}: pytest.mark.phase(...)")
    return marker.args[0]


def group_of(item) -> str:
    return next(iter(item.get_closest_marker("phase").args[1:]), item.path.stem) if item.get_closest_marker("phase") else ""


@pytest.fixture(scope="session")
def application() -> Application:
    """The todo application of the tests; those in second_application/ have one of their own."""
    return FIRST_APPLICATION


@pytest.fixture(scope="session")
def playbooks(application) -> Playbooks:
    return application.playbooks


@pytest.fixture(scope="session")
def deployed(application) -> tuple[TestCluster, Run]:
    """The application on the test cluster, by the playbook that `make deploy` runs, and how that run went."""
    return application.cluster, application.deploy().ok()


@pytest.fixture
def as_described(deployed, application) -> None:
    """The application is as the example describes it."""
    application.restore()


@pytest.fixture
def changes(deployed, application, request):
    """For a test that changes the application, and leaves it working: the next that needs it as described restores it. One that fails does so at once."""
    application.changed.touch()
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        application.restore()


@pytest.fixture(scope="module")
def cluster(deployed) -> TestCluster:
    """The cluster of the application."""
    return deployed[0]


@pytest.fixture(scope="module")
def addresses(cluster) -> tuple[str, str]:
    """The base URLs of frontend and backend-api."""
    node = next(a["address"] for a in cluster.objects("nodes")[0]["status"]["addresses"] if a["type"] == "InternalIP")
    ports = {service["metadata"]["name"]: service["spec"]["ports"][0].get("nodePort") for service in cluster.objects("services")}
    return f"http://{node}:{ports['frontend']}", f"http://{node}:{ports['backend-api']}"


@pytest.fixture
def probe(person, tmp_path) -> tuple[str, str]:
    """The ``person`` of the test's own file as the account to prove sign-in with, as options of a playbook."""
    return as_probe(person, tmp_path)


@pytest.fixture(scope="session")
def busybox_image(deployed) -> str:
    """A small image in the node, with a shell and httpd."""
    cluster, _run = deployed
    return json.loads((cluster.state / "local_cluster.json").read_text())["base_images"]["busybox"]


@pytest.fixture
def own_copy(tmp_path) -> Path:
    """The example at a place of a user's own."""
    ignored = shutil.ignore_patterns("node_modules", ".next", "__pycache__")
    return Path(shutil.copytree(CHECKOUT / "examples/todo", tmp_path / "my-todo", ignore=ignored))
