# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The integration targets of the modules, by ansible-test, on the test cluster."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from harness import CHECKOUT, PROFILE, STATE

TARGETS = sorted(path.name for path in (CHECKOUT / "tests/integration/targets").iterdir())
ENDS = ("newest", "oldest", "next")
COMING = ("app_secrets",)  # the targets that the end to come runs
# Minutes; make test has these modules in other tests.
SLOW = ("auth_reencrypt", "event_dedup", "jwks_cleanup", "lease_test", "minikube_image", "port_forward_test", "rollout_test",
        "service_endpoints_info")  # fmt: skip


def marks(end: str, target: str) -> list:
    """The short form has the newest end and what takes a minute or so. Each target has a namespace of its own, but one for both ends."""
    long = [] if end == "newest" and target not in SLOW else [pytest.mark.long]
    return [pytest.mark.phase("beside", f"target-{target}"), *long]


@pytest.mark.phase("undeployed")
def test_no_target_has_the_name_of_a_role():
    """ansible-test would run the role instead, and call that a success."""
    assert not {path.name for path in (CHECKOUT / "roles").iterdir()} & set(TARGETS)


CHOSEN = [(end, target) for end in ENDS for target in (COMING if end == "next" else TARGETS)]


@pytest.mark.parametrize(("end", "target"), [pytest.param(*chosen, marks=marks(*chosen)) for chosen in CHOSEN])
def test_target(deployed, tmp_path, end, target):
    venv = subprocess.run([CHECKOUT / "scripts/venv", end], check=True, text=True, capture_output=True).stdout.strip()
    tree = Path(subprocess.run([CHECKOUT / "scripts/export-tree", tmp_path], check=True, text=True, capture_output=True).stdout.strip())
    (tree / "tests/integration/integration_config.yml").write_text(yaml.safe_dump(variables()))
    command = ["ansible-test", "integration", "--color", "no", "--allow-unsupported", target]
    done = subprocess.run(
        command, cwd=tree, env={**os.environ, "PATH": f"{venv}/bin:{os.environ['PATH']}"},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=1500,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "PLAY RECAP" in done.stdout, f"no task was run:\n{done.stdout[-6000:]}"


def variables() -> dict:
    """What the targets require. Their namespaces, images and names are their own."""
    record = json.loads((STATE / "local_cluster.json").read_text())
    return {
        "runbook_test_context": PROFILE,
        "runbook_test_profile": PROFILE,
        "runbook_test_kubeconfig": str(STATE / "kubeconfig"),
        "runbook_test_minikube": record["minikube"],
        "runbook_test_kubectl": record["kubectl"],
        "runbook_test_minikube_home": record["minikube_home"],
        "runbook_test_image": record["base_images"]["busybox"],
        "runbook_test_postgres_image": record["base_images"]["postgres"],
        "runbook_test_vectors": str(CHECKOUT / "tests/unit/auth/vectors"),
    }
