# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images, Secrets and accounts of an earlier version: they are known as this collection's own, and nothing is made anew."""

from __future__ import annotations

import re
from dataclasses import replace

from fake_cluster import FakeCluster
from kept_state.readers import ContextEntry, NodeImage, NodeImages, Ref, SecretsOptions, Source, build_inputs, ensure_secrets, removal_statements, stored, text

IMAGE = stored("image")
LABEL = IMAGE["Labels"]["runbook.minikube.build"]
ENTRIES = [
    ContextEntry("app", "folder", 0o755), ContextEntry("app/main.py", "file", 0o644, "a" * 64, 10, 1740830400),
    ContextEntry("latest", "link", 0o777, "app/main.py"),
]  # fmt: skip
INPUTS = build_inputs(ENTRIES, b"FROM python:3.11-slim\nCOPY . .\n", {"VERSION": "1"}, None, "linux/amd64", ["sha256:" + "b" * 64])


def test_an_image_is_known_by_its_label():
    image = NodeImage(IMAGE["Id"], frozenset(IMAGE["RepoTags"]), IMAGE["Labels"], IMAGE["Created"])
    assert image.digest == LABEL.split()[0]
    assert NodeImages([image]).latest_build("backend-api") == (IMAGE["RepoTags"][0], image)


def test_the_same_inputs_need_no_build():
    """Unless the format of digests was raised on purpose, as the same inputs make another image now."""
    assert str(INPUTS) == LABEL and IMAGE["RepoTags"] == [f"backend-api:{INPUTS.digest[:12]}"]


def test_the_label_says_which_inputs_changed():
    assert INPUTS.changed_since(LABEL) == []
    assert replace(INPUTS, dockerfile="0" * 64, base="1" * 64).changed_since(LABEL) == ["dockerfile", "base"]


def test_secrets_that_were_made_are_kept():
    cluster = FakeCluster()
    for secret in stored("app_secrets"):
        cluster.put("Secret", secret["metadata"]["name"], secret)
    sources = {
        Ref("postgres", "password"): Source("generate", 32),
        Ref("backend-api-secrets", "database-url"): Source("template", "postgresql://app:{postgres/password}@postgres/todo"),
    }
    result = ensure_secrets(cluster, SecretsOptions("default", sources), lambda _length: "another", False)
    assert set(result.keys.values()) == {"unchanged"} and not cluster.writes


def test_a_secret_that_was_made_may_be_changed():
    cluster = FakeCluster()
    for secret in stored("app_secrets"):
        cluster.put("Secret", secret["metadata"]["name"], secret)
    ensure_secrets(cluster, SecretsOptions("default", {Ref("postgres", "password"): Source("value", "given")}), "".__mul__, False)
    assert cluster.writes == [("create", "Secret", "postgres-former"), ("patch", "Secret", "postgres-former"), ("patch", "Secret", "postgres")]


def test_an_account_that_a_probe_left_is_removed():
    account = text("probe_account.txt").strip()
    patterns = [statement.parameters[0] for statement in removal_statements(None)]
    assert patterns and all(re.fullmatch(re.escape(pattern).replace("%", ".*"), account) for pattern in patterns)
