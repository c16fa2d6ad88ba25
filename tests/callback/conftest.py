# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The stdout callback, in real playbooks without a cluster, with the newest and the oldest supported Ansible."""

from __future__ import annotations

import subprocess
from pathlib import Path

import collection
import pytest
import recorder
from callback_runner import Runner, runner_in


def pytest_configure(config):
    collection.make_importable()
    recorder.register(config)


@pytest.fixture(scope="session", params=["newest", "oldest"])
def programs(request) -> Path:
    """The folder of ansible-playbook."""
    done = subprocess.run([collection.CHECKOUT / "scripts/venv", request.param], check=True, text=True, stdout=subprocess.PIPE)
    return Path(done.stdout.strip()) / "bin"


@pytest.fixture
def runner(tmp_path, programs) -> Runner:
    """A playbook's folder."""
    return runner_in(tmp_path, programs)
