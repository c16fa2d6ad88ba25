# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The selection of the description file, and the errors of an unusable one, with the built archive in a folder of the user.

No cluster is needed: each host of the inventory ends in a refusal, most of them before a cluster is searched.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from harness import CHECKOUT, venv

pytestmark = [pytest.mark.phase("undeployed", "app-file"), pytest.mark.no_rerun]
SECRET = "planted-secret"
DESCRIBED = {
    "name": "shop", "manifests": ["k8s"], "workloads": [{"name": "{{ shop_web }}"}],
    "secrets": [{"name": "database", "data": {"password": {"value": SECRET}}}],
}  # fmt: skip
GOOD = yaml.safe_dump({"shop_web": "web", "runbook_app": DESCRIBED})
NAMED = {"runbook_context": "production", "runbook_allowed_contexts": []}
NO_DEFAULT = "No default cluster found"  # the next thing that is read once the application is known
NOT_ALLOWED = "runbook_allowed_contexts"  # likewise, of a cluster that was named


@dataclass
class Case:
    """One host: its variables, its file if it has one, and the expected words of the output."""

    words: list[str]
    content: str | bytes | None = None
    variables: dict = field(default_factory=dict)


# A host without a file of its own finds the folder's app.yml.
FOUND = {
    "alone": Case(["described in {folder}/app.yml", "in the working directory", NO_DEFAULT]),
    "relative": Case(["described in {folder}/relative.yml", NO_DEFAULT], GOOD),
    "named_cluster": Case(["described in {folder}/named_cluster.yml", NOT_ALLOWED], GOOD, NAMED),
    "home": Case(["described in {folder}/home/shop/app.yml", NOT_ALLOWED], None, {**NAMED, "runbook_app_file": "~/shop/app.yml"}),
    "encrypted": Case(["described in {folder}/encrypted.yml", NO_DEFAULT], "$VAULT" + GOOD),
    "variable": Case(["described by the variable runbook_app", "start in {folder}", NOT_ALLOWED], None, {**NAMED, "shop_web": "web", "runbook_app": DESCRIBED}),
}
REFUSED = {
    "no_application": Case(["runbook_context: production", "but no application", "-e runbook_app_file=app.yml"], None, NAMED),
    "empty_name": Case(["runbook_app_file is empty"], None, {"runbook_app_file": ""}),
    "no_name": Case(["runbook_app_file is empty"], None, {"runbook_app_file": None}),
    "no_context": Case(["but no application"], None, {"runbook_context": None}),
    "undefined_name": Case(["runbook_app_file is set, but cannot be evaluated: 'nowhere' is undefined"], None, {"runbook_app_file": "{{ nowhere }}/app.yml"}),
    "undefined_context": Case(["runbook_context is set, but cannot be evaluated: 'nowhere' is undefined"], GOOD, {"runbook_context": "{{ nowhere }}"}),
    "undefined_overrides": Case(["'nowhere' is undefined"], GOOD, {"runbook_app_overrides": {"namespace": "{{ nowhere }}"}}),
    "undefined_variable": Case(["runbook_app.workloads[0].name: 'shop_web' is undefined"], None, {"runbook_app": DESCRIBED}),
    "both": Case(["runbook_app and runbook_app_file are both set"], GOOD, {"runbook_app": DESCRIBED}),
    "missing": Case(["{folder}/nothing.yml does not exist", "runbook_app_file"], None, {"runbook_app_file": "nothing.yml"}),
    "folder": Case(["{folder}/k8s is a directory"], None, {"runbook_app_file": "k8s"}),
    "no_text": Case(["is not valid UTF-8"], b"\xff\xfe\x00"),
    "empty": Case(["{folder}/empty.yml is empty; it must define runbook_app"], ""),
    "a_list": Case(["must be a mapping that defines runbook_app, got a list"], f"- {SECRET}\n"),
    "other_keys": Case(["does not define runbook_app"], f"password: {SECRET}\n"),
    "no_value": Case(["defines runbook_app without a value"], f"password: {SECRET}\nrunbook_app:\n"),
    "at_the_top": Case(["put name, manifests, secrets, workloads below runbook_app:"], yaml.safe_dump(DESCRIBED, sort_keys=False)),
    "manifest": Case(["does not define runbook_app; it is a Kubernetes manifest"], "apiVersion: v1\nkind: Secret\n"),
    "tab": Case(["tab.yml is not valid YAML at line 3, column", "indent with spaces"], f"password: {SECRET}\nrunbook_app:\n\tname: shop\n"),
    "colon": Case(["not valid YAML at line 2, column", "unexpected colon"], f"runbook_app:\n  name: a: {SECRET}\n"),
    "alias": Case(["not valid YAML at line 1, column", "text that starts with * is an alias"], f"password: *{SECRET}\n"),
    "quote": Case(["not valid YAML at line", "a quote is not closed"], f'password: "{SECRET}\nrunbook_app: {{}}\n'),
    "documents": Case(["a second document starts here"], GOOD + "---\n" + GOOD),
    "locked": Case(["is encrypted by ansible-vault, and none of the given passwords decrypts it", "--vault-password-file"], "$OTHER" + GOOD),
    "undefined": Case(["undefined.yml: runbook_app has an error", "runbook_app.workloads[0].name: 'shop_web' is undefined"],
                      yaml.safe_dump({"runbook_app": DESCRIBED, "password": SECRET})),
    "braces": Case(["runbook_app.name: its Jinja expression cannot be evaluated"],
                   yaml.safe_dump({"password": SECRET, "runbook_app": {**DESCRIBED, "name": "{{ '" + SECRET + "' | }}"}})),
    "schema": Case(["schema.yml: runbook_app has an error", "runbook_app.addres: is not a known key; did you mean address?"],
                   yaml.safe_dump({"shop_web": "web", "runbook_app": {**DESCRIBED, "addres": SECRET}})),
    "overrides_text": Case(["runbook_app_overrides must be a mapping", "got a string", "as JSON"], GOOD, {"runbook_app_overrides": "namespace=staging"}),
    "overrides_list": Case(["runbook_app_overrides must be a mapping", "got a list"], GOOD, {"runbook_app_overrides": []}),
}  # fmt: skip
CASES = {**FOUND, **REFUSED}
APPLICATIONS_OWN = ["deploy", "rollback", "recover_auth", "rotate_secret"]


@dataclass
class Installed:
    """The built archive with one of the supported versions, and the user's working directory."""

    venv: Path
    place: Path

    @property
    def folder(self) -> Path:
        return self.place / "current-folder"

    @property
    def environment(self) -> dict:
        paths = {"ANSIBLE_COLLECTIONS_PATH": str(self.place / "collections"), "PATH": f"{self.venv}/bin:{os.environ['PATH']}"}
        own = {"KUBECONFIG": str(self.folder / "kubeconfig"), "HOME": str(self.folder / "home")}
        return {**os.environ, **paths, **own, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORKS": "4"}

    def run(self, playbook: str, *options: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
        """Runs a playbook by the collection's name, for a profile that does not exist."""
        command = [f"{self.venv}/bin/ansible-playbook", f"runbook.minikube.{playbook}", "-e", "local_cluster_profile=runbook-none", "-v", *options]
        into_one = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(command, cwd=cwd or self.folder, env=self.environment, check=False, timeout=300, **into_one)


def lay_out(installed: Installed) -> None:
    """The user's folder: app.yml, the file of each case, manifests, and an inventory with a host a case."""
    for name in ("k8s", "home/shop/k8s"):
        (installed.folder / name).mkdir(parents=True)
        (installed.folder / name / "web.yml").write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n")
    for name in ("app.yml", "home/shop/app.yml"):
        (installed.folder / name).write_text(GOOD)
    (installed.folder / "right").write_text("right\n")
    (installed.folder / "other").write_text("other\n")
    for name, case in CASES.items():
        if case.content is not None:
            write(installed, installed.folder / f"{name}.yml", case.content)
    cluster = {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": True}
    content = {
        "apiVersion": "v1", "kind": "Config", "clusters": [{"name": "production", "cluster": cluster}], "users": [{"name": "admin", "user": {}}],
        "contexts": [{"name": "production", "context": {"cluster": "production", "user": "admin"}}],
    }  # fmt: skip
    (installed.folder / "kubeconfig").write_text(yaml.safe_dump(content))
    hosts = {name: {**({"runbook_app_file": f"{name}.yml"} if case.content is not None else {}), **case.variables} for name, case in CASES.items()}
    (installed.folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))


def write(installed: Installed, file: Path, content: str | bytes) -> None:
    """Writes a file, encrypted if its content begins with the marker for that."""
    if isinstance(content, bytes):
        file.write_bytes(content)
        return
    password = {"$VAULT": "right", "$OTHER": "other"}.get(content[:6])
    file.write_text(content[6:] if password else content)
    if password:
        command = [f"{installed.venv}/bin/ansible-vault", "encrypt", "--vault-password-file", installed.folder / password, file]
        subprocess.run(command, check=True, capture_output=True, env=installed.environment)


@pytest.fixture(scope="module", params=["oldest", "newest"])
def installed(request, tmp_path_factory) -> Installed:
    place = tmp_path_factory.mktemp(request.param)
    own = Installed(venv(request.param), place)
    tree = subprocess.run([CHECKOUT / "scripts/export-tree", place / "tree"], check=True, text=True, capture_output=True).stdout.strip()
    galaxy = f"{own.venv}/bin/ansible-galaxy"
    subprocess.run([galaxy, "collection", "build", tree, "--output-path", place], check=True, capture_output=True)
    archive = next(place.glob("runbook-minikube-*.tar.gz"))
    subprocess.run([galaxy, "collection", "install", archive, "--no-deps", "-p", place / "collections"], check=True, capture_output=True)
    lay_out(own)
    return own


@pytest.fixture(scope="module")
def messages(installed) -> dict[str, str]:
    """The output of rollback.yml for each host, from one run for all hosts. It starts no cluster."""
    options = ["-i", "hosts.yml", "-e", "runbook_hosts=all", "--vault-password-file", "right"]
    done = installed.run("rollback", *options)
    assert done.returncode != 0 and "Traceback" not in done.stdout, done.stdout[-6000:]
    assert "Unknown error" not in done.stdout and SECRET not in done.stdout, done.stdout[-6000:]
    lines = re.findall(r"^(?:ok|fatal): \[(\w+)\](?:: FAILED!)? => (.*(?:\n(?!TASK|ok:|fatal:|PLAY|\[).*)*)", done.stdout, re.MULTILINE)
    return {host: " ".join(" ".join(text for name, text in lines if name == host).split()) for host in CASES}


@pytest.mark.parametrize("host", CASES)
def test_errors_of_the_description_file(installed, messages, host):
    for words in CASES[host].words:
        assert words.format(folder=installed.folder) in messages[host], messages[host]


@pytest.mark.parametrize("host", REFUSED)
def test_no_cluster_is_contacted_without_an_application(messages, host):
    assert messages[host] and NO_DEFAULT not in messages[host] and NOT_ALLOWED not in messages[host], messages[host]


def test_default_is_the_example_and_is_reported(installed, tmp_path):
    done = installed.run("rollback", cwd=tmp_path)
    example = f"{installed.place}/collections/ansible_collections/runbook/minikube/examples/todo/app.yml"
    assert f"Using the example application of this collection, {example}" in done.stdout, done.stdout
    assert f"{tmp_path} has no app.yml" in done.stdout and NO_DEFAULT in done.stdout


@pytest.mark.parametrize("installed", ["newest"], indirect=True)
@pytest.mark.parametrize("playbook", APPLICATIONS_OWN)
def test_every_playbook_requires_an_application_with_a_context(installed, playbook):
    """Even with an app.yml in the folder, a given context requires a given application."""
    done = installed.run(playbook, "-e", json.dumps(NAMED))
    assert done.returncode != 0 and "-e runbook_app_file=app.yml" in done.stdout, done.stdout
    assert "changed=0" in done.stdout and NOT_ALLOWED not in done.stdout


def test_command_of_the_readme(installed):
    done = installed.run("deploy", "-e", "runbook_app_file=app.yml", "-e", json.dumps(NAMED))
    assert f"described in {installed.folder}/app.yml" in done.stdout and NOT_ALLOWED in done.stdout, done.stdout


@pytest.mark.parametrize("installed", ["newest"], indirect=True)
def test_recover_dapr_needs_no_application(installed):
    done = installed.run("recover_dapr", "-e", json.dumps(NAMED))
    assert done.returncode != 0 and NOT_ALLOWED in done.stdout and "runbook_app_file" not in done.stdout, done.stdout
