# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tests in this folder work on a second todo application, in its own namespace, so that they run beside those of the first."""

from __future__ import annotations

import pytest
from deployment import SECOND_APPLICATION, Application
from harness import Playbooks, Run, TestCluster


@pytest.fixture(scope="session")
def application() -> Application:
    return SECOND_APPLICATION


# Fixtures of a session are made once for all folders: those that depend on the application are defined here again.
@pytest.fixture(scope="session")
def playbooks(application) -> Playbooks:
    return application.playbooks


@pytest.fixture(scope="session")
def deployed(application) -> tuple[TestCluster, Run]:
    return application.cluster, application.deploy().ok()
