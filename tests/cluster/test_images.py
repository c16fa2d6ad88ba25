# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""minikube_image on the main profile: bytes that a change sends, previous images, and interrupted connections."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from harness import LONG, PROFILE, STATE, TestCluster
from images import ImageModule, build_on_host, remove_from_host, restart, roll_out, running_image, write_context
from modules import run_task
from proxy import Proxy

pytestmark = pytest.mark.phase("beside", "images")
NAMESPACE = "images-test"
MEGABYTE = 1 << 20
# One source line in each of the images of the example; the frontend's own build takes minutes
SOURCES = {
    **({"t-frontend": ("frontend", "Dockerfile", "app/layout.tsx", "node")} if LONG else {}),
    "t-backend-api": ("backend", "Dockerfile", "main.py", "python"),
    "t-mcp-server": ("backend", "tools/Dockerfile", "tools/server.py", "python"),
    "t-audit-service": ("services/audit-service", "Dockerfile", "audit_service.py", "python"),
}


@pytest.fixture(scope="module")
def record() -> dict:
    return json.loads((STATE / "local_cluster.json").read_text())


@pytest.fixture(scope="module")
def cluster(deployed) -> TestCluster:
    """The cluster with a namespace for this file. Images and namespace are removed at the end, and those of an interrupted run at the start."""
    cluster, _run = deployed
    remove_all(cluster)
    cluster.kubectl("create", "namespace", NAMESPACE)
    yield cluster
    remove_all(cluster)


def remove_all(cluster: TestCluster) -> None:
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
    listed = cluster.docker("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
    made = [line for line in listed if line.startswith(("t-", "localhost:5000/t-"))]
    if made:
        cluster.docker("image", "rm", "--force", *made)
    remove_from_host("t-cut:", "t-named:", "t-fixed:")


@pytest.fixture
def module(cluster, record) -> ImageModule:
    return ImageModule(PROFILE, record["minikube_home"], record["minikube"])


def behind(proxy: Proxy, module: ImageModule, folder: Path) -> ImageModule:
    """The module on the same node, connected through a proxy, like a separate machine whose address minikube reports."""
    config = folder / ".minikube/profiles" / PROFILE / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"Driver": "kvm2", "KubernetesConfig": {"ContainerRuntime": "docker"}, "Nodes": [{}]}')
    answer = {"DOCKER_HOST": f"tcp://127.0.0.1:{proxy.port}", "DOCKER_CERT_PATH": str(Path(module.minikube_home) / ".minikube/certs")}
    minikube = folder / "minikube"
    minikube.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
    minikube.chmod(0o755)
    return ImageModule(PROFILE, folder, str(minikube))


def engine_port(cluster) -> int:
    return int(subprocess.run(["docker", "port", PROFILE, "2376/tcp"], check=True, text=True, capture_output=True).stdout.split(":")[-1])


def size_in_node(cluster, reference: str) -> int:
    return int(cluster.docker("image", "inspect", "--format", "{{.Size}}", reference))


def test_changed_line_sends_only_the_context(cluster, module, record, own_copy, tmp_path):
    images = [
        {"name": name, "path": str(own_copy / context), "dockerfile": dockerfile, "args": {"BASE_IMAGE": record["base_images"][base]}}
        for name, (context, dockerfile, _line, base) in SOURCES.items()
    ]
    first = {image["name"]: image for image in module.well(images=images)["images"]}
    for context, _dockerfile, source, _base in SOURCES.values():
        with (own_copy / context / source).open("a") as file:
            file.write("// changed\n" if source.endswith("x") else "# changed\n")
    with Proxy(engine_port(cluster)) as proxy:
        done = behind(proxy, module, tmp_path).well(images=images, parallel=2)["images"]
    for image in done:
        assert image["action"] == "built" and image["reason"].endswith(": context") and image["method"] == "built_in_node"
        # a line in a file takes at most one block more of the context's archive (two files changed in the shared context)
        assert 0 <= image["bytes_sent"] - first[image["name"]]["bytes_sent"] <= 1024
        assert image["bytes_sent"] < size_in_node(cluster, image["reference"]) / 20
    reported = sum(image["bytes_sent"] for image in done)
    assert reported <= proxy.received <= reported * 1.05 + 100_000, "the node received more than the reported bytes and TLS"


def test_bytes_sent_grow_with_the_change(module, record, tmp_path):
    context = write_context(tmp_path / "ctx", record["base_images"]["busybox"], a="one\n", b="two\n")
    images = [{"name": "t-grown", "path": str(context)}]
    small = module.well(images=images)["images"][0]
    (context / "b").write_bytes(os.urandom(3 * MEGABYTE))
    result = run_task("minikube_image", **module.where, images=images)
    large = result["images"][0]
    assert abs(large["bytes_sent"] - small["bytes_sent"] - 3 * MEGABYTE) <= 1024, "an archive grows by blocks"
    assert f"built {large['reference']} in" in result["shown"], "a line is shown for each image as it is done"


def test_only_new_layers_are_sent_by_name_and_from_an_archive(cluster, module, record, tmp_path):
    base, settled = record["base_images"]["python"], os.urandom(2 * MEGABYTE)
    build_on_host("t-named:1", write_context(tmp_path / "ctx", base, settled=settled, changes="1\n"))
    first = module.well(images=[{"name": "t-named", "tag": "1"}])["images"][0]
    assert (first["action"], first["load"], first["layers_sent"]) == ("loaded", "missing_layers", 2) and first["layers_reused"] >= 1
    assert 2 * MEGABYTE < first["bytes_sent"] < 2.2 * MEGABYTE
    image_id = build_on_host("t-named:2", write_context(tmp_path / "ctx", base, settled=settled, changes="2\n"))
    with Proxy(engine_port(cluster)) as proxy:
        second = behind(proxy, module, tmp_path / "home").well(images=[{"name": "t-named", "tag": "2"}])["images"][0]
    assert (second["load"], second["layers_sent"], second["layers_reused"]) == ("missing_layers", 1, first["layers_reused"] + 1)
    assert second["bytes_sent"] <= proxy.received <= second["bytes_sent"] * 1.1 + 50_000 < 200_000
    assert cluster.docker("image", "inspect", "--format", "{{.Id}}", second["reference"]).strip() == image_id == second["id"]
    subprocess.run(["docker", "save", "--output", tmp_path / "named.tar", "t-named:2"], check=True)
    archived = {"name": "localhost:5000/t-x/archived", "archive": str(tmp_path / "named.tar")}
    again = module.well(images=[{"name": "t-named", "tag": "2"}, archived])
    assert [image["action"] for image in again["images"]] == ["reused", "tagged"]
    assert [image["bytes_sent"] for image in again["images"]] == [0, 0]
    assert again["references"]["localhost:5000/t-x/archived"] == f"localhost:5000/t-x/archived:{image_id[7:19]}"


def test_fixed_tag_in_use_is_moved_and_rollback_stays_possible(cluster, module, record, tmp_path):
    context = write_context(tmp_path / "ctx", record["base_images"]["busybox"], line="one\n")
    old_id = build_on_host("t-fixed:v1", context)
    saved = subprocess.run(["docker", "save", "t-fixed:v1"], check=True, capture_output=True).stdout
    load = ["docker", "exec", "-i", PROFILE, "docker", "load"]  # as manual commands would load it, without a content tag
    subprocess.run(load, input=saved, check=True, capture_output=True)
    roll_out(cluster, NAMESPACE, "fixed", "t-fixed:v1")
    assert running_image(cluster, NAMESPACE, "fixed") == old_id
    write_context(context, record["base_images"]["busybox"], line="two\n")
    image = module.well(images=[{"name": "t-fixed", "path": str(context), "tag": "v1"}], tag_strategy="fixed")["images"][0]
    assert image["action"] == "built" and image["reference"] == "t-fixed:v1" and image["id"] != old_id
    restart(cluster, NAMESPACE, "fixed")
    assert running_image(cluster, NAMESPACE, "fixed") == image["id"]
    assert cluster.docker("image", "inspect", "--format", "{{.Id}}", f"t-fixed:{old_id[7:19]}").strip() == old_id


def test_keep_tags_removes_only_unused_images(cluster, module, record, tmp_path):
    kubeconfig = {"kubeconfig": record["kubeconfig"], "keep_tags": 1}
    made = []
    for number in range(4):
        context = write_context(tmp_path / "ctx", record["base_images"]["busybox"], line=f"{number}\n")
        images = [{"name": "t-kept", "path": str(context)}]
        made.append(module.well(images=images)["references"]["t-kept"])
        time.sleep(1)  # images are ordered by their time of creation, in seconds
        if number in (0, 1):
            roll_out(cluster, NAMESPACE, "kept", made[-1])
    cluster.docker("tag", made[2], "t-kept:by-hand")
    predicted = module.well(check=True, images=images, **kubeconfig)
    done = module.well(images=images, **kubeconfig)
    assert predicted["removed"] == done["removed"] == [made[2]] and predicted["changed"] and done["changed"]
    tags = set(cluster.docker("images", "--format", "{{.Repository}}:{{.Tag}}", "t-kept").split())
    # One is running, a rollback restores one, one was requested, and one is not the module's
    assert tags == {made[0], made[1], made[3], "t-kept:by-hand"}
    again = module.well(images=images, **kubeconfig)
    assert again["removed"] == [] and not again["changed"]


def test_keep_tags_without_a_cluster_is_refused(module, tmp_path):
    context = write_context(tmp_path / "ctx", "scratch", line="never built\n")
    (tmp_path / "empty").write_text("{}")
    result = module.run(images=[{"name": "t-never", "path": str(context)}], keep_tags=2, kubeconfig=str(tmp_path / "empty"))
    assert result["failed"] and "options kubeconfig and context" in result["msg"] and "images" not in result


def test_interrupted_load_fails_and_the_next_run_completes_it(cluster, module, record, tmp_path):
    image_id = build_on_host("t-cut:1", write_context(tmp_path / "ctx", record["base_images"]["busybox"], large=os.urandom(24 * MEGABYTE)))
    images = [{"name": "t-cut", "tag": "1"}]
    with Proxy(engine_port(cluster), cut_after=4 * MEGABYTE) as proxy:
        cut = behind(proxy, module, tmp_path / "home").run(images=images)
    assert proxy.cuts == 1 and cut["failed"]
    where = f"The node's Docker (profile {PROFILE})"
    assert cut["msg"].startswith(f"Loading t-cut:{image_id[7:19]} failed: {where} closed the connection while loading:"), cut["msg"]
    assert cluster.docker("images", "--quiet", "t-cut") == ""
    done = module.well(images=images)["images"][0]
    assert done["id"] == image_id and done["layers_sent"] == 1 and done["bytes_sent"] > 24 * MEGABYTE


def test_interrupted_build_fails_and_the_next_run_completes_it(cluster, module, record, tmp_path):
    context = write_context(tmp_path / "ctx", record["base_images"]["busybox"], large=os.urandom(24 * MEGABYTE))
    images = [{"name": "t-cut-build", "path": str(context)}]
    with Proxy(engine_port(cluster), cut_after=4 * MEGABYTE) as proxy:
        cut = behind(proxy, module, tmp_path / "home").run(images=images)
    assert proxy.cuts == 1 and "closed the connection while building" in cut["msg"]
    assert cluster.docker("images", "--quiet", "t-cut-build") == ""
    assert module.well(images=images)["images"][0]["action"] == "built"
