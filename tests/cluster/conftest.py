# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One real cluster for all tests in this folder, with a profile, a state folder and a kubeconfig of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from harness import CHECKOUT, LONG, OUTPUT, Playbooks, Run, TestCluster


def pytest_configure(config):
    config.addinivalue_line("markers", "long: a long form, only run by `make test-long`")


def pytest_collection_modifyitems(config, items):
    """The cluster goes last. The long forms are left out, and counted as deselected, unless they are asked for."""
    items.sort(key=lambda item: item.path.name == "test_teardown.py")
    left_out = [item for item in items if item.get_closest_marker("long") and not LONG]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def playbooks() -> Playbooks:
    return Playbooks()


@pytest.fixture(scope="session")
def deployed(playbooks) -> tuple[TestCluster, Run]:
    """The todo application on the test cluster, by the playbook that `make deploy` runs, and how that run went."""
    run = playbooks.run("playbooks/deploy.yml", timeout=4800)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / "deploy.log").write_text(run.output)
    run.ok()
    return TestCluster(), run


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
