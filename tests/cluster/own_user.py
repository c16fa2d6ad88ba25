# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Playbooks that run on the test cluster as a user of a test's own, by a kubeconfig with a token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from harness import CHECKOUT, PROFILE, TestCluster

from roles import Roles

NAMESPACE = "kube-system"


@dataclass
class OwnUser(Roles):
    """``token``: by which the API server knows the user."""

    token: str = ""


def own_user(cluster: TestCluster, account: str, folder: Path, **more) -> OwnUser:
    """A user that may do everything; ``more`` as of Roles. In its shell the cluster is known as Minikube's."""
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--flatten", "--minify", "-o", "json"))
    binding = ("--clusterrole=cluster-admin", f"--serviceaccount={NAMESPACE}:{account}")
    for kind, options in (("serviceaccount", ("-n", NAMESPACE)), ("clusterrolebinding", binding)):
        made = cluster.kubectl("create", kind, account, *options, "--dry-run=client", "-o", "json")
        cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", stdin=made)
    token = cluster.kubectl("create", "token", account, "-n", NAMESPACE, "--duration=4h").strip()
    config["users"][0]["user"] = {"token": token}
    kubeconfig = folder / f"{account}.kubeconfig"
    kubeconfig.write_text(json.dumps(config))
    record = json.loads((cluster.state / "local_cluster.json").read_text())
    variables = {"runbook_kubeconfig": str(kubeconfig), "runbook_context": PROFILE, "runbook_app_file": str(CHECKOUT / "examples/todo/app.yml"),
                 "runbook_base_images": record["base_images"]}  # fmt: skip
    shell = {"MINIKUBE_HOME": str(cluster.state), **more.pop("shell", {})}
    return OwnUser(variables, shell=shell, token=token, **more)
