# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""minikube_image on a profile with containerd: images are built on the host, and loaded without the layers that the node has."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from images import build_on_host, remove_from_host, restart, roll_out, running_image, write_context
from proxy import Proxy
from temporary_cluster import temporary_cluster

pytestmark = [pytest.mark.long, pytest.mark.phase("beside", "containerd")]
PROFILE = "runbook-containerd"
MEGABYTE = 1 << 20
SOCKET = "/var/run/docker.sock"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with temporary_cluster(PROFILE, tmp_path_factory.mktemp("containerd") / "state", local_cluster_runtime="containerd") as made:
        yield made
    remove_from_host("c-", "localhost:5000/c/")


def listed(name: str) -> dict[str, str]:
    """The images that the kubelet can use: IDs by reference."""
    command = ["docker", "exec", PROFILE, "crictl", "images", "--output", "json"]
    images = json.loads(subprocess.run(command, check=True, text=True, capture_output=True).stdout)["images"]
    return {tag: image["id"] for image in images for tag in image["repoTags"] if tag.rpartition(":")[0].endswith(name)}


def through(proxy: Proxy, module):
    """The module, whose docker command and whose client reach the engine through a proxy."""
    return type(module)(module.profile, module.minikube_home, module.minikube, {"DOCKER_HOST": f"tcp://127.0.0.1:{proxy.port}"})


def test_build_on_the_host_is_loaded_without_base_layers(node, tmp_path):
    cluster, module, record = node
    context = write_context(tmp_path / "ctx", record["base_images"]["python"], settled=os.urandom(2 * MEGABYTE), changes="1\n")
    images = [{"name": "c-built", "path": str(context)}]
    predicted = module.well(check=True, images=images)
    assert listed("/c-built") == {}
    first = module.well(images=images)["images"][0]
    assert (first["action"], first["method"], first["load"], first["layers_sent"]) == ("built", "built_on_host", "missing_layers", 2)
    assert predicted["images"][0]["reference"] == first["reference"] and predicted["images"][0]["action"] == "built"
    assert 2 * MEGABYTE < first["bytes_sent"] < 2.2 * MEGABYTE
    (context / "changes").write_text("2\n")
    second = module.well(images=images)["images"][0]
    assert (second["layers_sent"], second["layers_reused"]) == (1, first["layers_reused"] + 1) and second["bytes_sent"] < 100_000
    assert second["reason"] == f"changed since {first['reference']}: context"
    roll_out(cluster, "default", "built", second["reference"])
    assert running_image(cluster, "default", "built") == second["id"] == listed("/c-built")[f"docker.io/library/{second['reference']}"]
    again = module.well(images=images)
    assert not again["changed"] and again["images"][0]["action"] == "reused" and again["images"][0]["bytes_sent"] == 0
    (context / "changes").write_text("1\n")
    assert module.well(images=images)["images"][0]["action"] == "reused"


def test_image_built_before_is_only_loaded(node, tmp_path):
    _cluster, module, record = node
    context = write_context(tmp_path / "ctx", record["base_images"]["busybox"], line=os.urandom(8).hex())
    images = [{"name": "localhost:5000/c/again", "path": str(context)}]
    first = module.well(images=images)["images"][0]
    subprocess.run(["docker", "exec", PROFILE, "crictl", "rmi", first["reference"]], check=True, capture_output=True)
    second = module.well(images=images)["images"][0]
    assert (second["action"], second["id"]) == ("loaded", first["id"])


def test_bytes_sent_match_the_received_bytes(node, tmp_path):
    _cluster, module, record = node
    build_on_host("c-named:1", write_context(tmp_path / "ctx", record["base_images"]["python"], large=os.urandom(3 * MEGABYTE)))
    with Proxy(SOCKET) as proxy:
        image = through(proxy, module).well(images=[{"name": "c-named", "tag": "1"}])["images"][0]
    assert (image["load"], image["layers_sent"]) == ("missing_layers", 1)
    assert image["bytes_sent"] <= proxy.received <= image["bytes_sent"] * 1.02 + 50_000


def test_image_without_shared_layers_is_a_full_load(node, tmp_path):
    _cluster, module, _record = node
    context = write_context(tmp_path / "ctx", "scratch", line=os.urandom(8).hex())
    image = module.well(images=[{"name": "c-whole", "path": str(context)}])["images"][0]
    assert (image["load"], image["layers_sent"], image["layers_reused"]) == ("full", 1, 0)


def test_fixed_tag_in_use_is_moved_and_rollback_stays_possible(node, tmp_path):
    cluster, module, record = node
    context = write_context(tmp_path / "ctx", record["base_images"]["busybox"], line="one\n")
    old_id = build_on_host("c-fixed:v1", context)
    saved = subprocess.run(["docker", "save", "c-fixed:v1"], check=True, capture_output=True).stdout
    load = ["docker", "exec", "-i", PROFILE, "ctr", "-n", "k8s.io", "images", "import", "-"]
    subprocess.run(load, input=saved, check=True, capture_output=True)
    roll_out(cluster, "default", "fixed", "c-fixed:v1")
    assert running_image(cluster, "default", "fixed") == old_id
    write_context(context, record["base_images"]["busybox"], line="two\n")
    image = module.well(images=[{"name": "c-fixed", "path": str(context), "tag": "v1"}], tag_strategy="fixed")["images"][0]
    assert (image["action"], image["reference"]) == ("built", "c-fixed:v1") and image["id"] != old_id
    restart(cluster, "default", "fixed")
    assert running_image(cluster, "default", "fixed") == image["id"]
    assert listed("/c-fixed")[f"docker.io/library/c-fixed:{old_id[7:19]}"] == old_id


def test_keep_tags_removes_images_and_layers_from_the_node(node, tmp_path):
    cluster, module, record = node
    made = []
    for number in range(4):
        context = write_context(tmp_path / "ctx", record["base_images"]["busybox"], line=f"{number}\n")
        images = [{"name": "c-kept", "path": str(context)}]
        made.append(module.well(images=images)["references"]["c-kept"])
        if number == 0:
            roll_out(cluster, "default", "kept", made[0])
    options = {"keep_tags": 2, "kubeconfig": str(cluster.kubeconfig)}
    predicted, done = module.well(check=True, images=images, **options), module.well(images=images, **options)
    assert predicted["removed"] == done["removed"] == [made[1]]
    assert set(listed("/c-kept")) == {f"docker.io/library/{reference}" for reference in (made[0], made[2], made[3])}
    assert running_image(cluster, "default", "kept") == listed("/c-kept")[f"docker.io/library/{made[0]}"]


def test_interrupted_load_fails_and_the_next_run_completes_it(node, tmp_path):
    _cluster, module, record = node
    image_id = build_on_host("c-cut:1", write_context(tmp_path / "ctx", record["base_images"]["busybox"], large=os.urandom(24 * MEGABYTE)))
    images = [{"name": "c-cut", "tag": "1"}]
    with Proxy(SOCKET, cut_after=4 * MEGABYTE) as proxy:
        cut = through(proxy, module).run(images=images)
    assert proxy.cuts == 1 and cut["failed"] and cut["msg"].startswith(f"Loading c-cut:{image_id[7:19]} failed:"), cut["msg"]
    assert listed("/c-cut") == {}
    done = module.well(images=images)["images"][0]
    assert done["id"] == image_id == listed("/c-cut")[f"docker.io/library/{done['reference']}"]
