# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node whose disk is full: the failure reports it, and the next run completes. On profiles whose disk is a small file."""

from __future__ import annotations

import os
import subprocess

import pytest
from images import build_on_host, remove_from_host, write_context
from temporary_cluster import small_volume, temporary_cluster

pytestmark = [pytest.mark.long, pytest.mark.phase("beside", "full-store")]
PROFILE = "runbook-full"
MEGABYTE = 1 << 20
LEFT = 20  # megabytes that the filled disk has left
FILLER = "/var/filler"


@pytest.fixture(scope="module", params=["docker", "containerd"])
def node(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("full")
    with small_volume(PROFILE, folder, "6G"), temporary_cluster(PROFILE, folder / "state", local_cluster_runtime=request.param) as made:
        yield made
    remove_from_host("f-large:", "f-built:")


def in_node(*command: str) -> str:
    return subprocess.run(["docker", "exec", PROFILE, *command], check=True, text=True, capture_output=True).stdout


def fill() -> None:
    """Leaves a few megabytes free. The kubelet reacts only after about a minute, when the test is over."""
    free = int(in_node("df", "--output=avail", "--block-size=1M", "/var").split()[-1])
    in_node("fallocate", "--length", f"{free - LEFT}M", FILLER)


def make_room() -> None:
    in_node("rm", "-f", FILLER)


def refused_and_then_done(module, reference: str, images: list[dict]) -> None:
    fill()
    try:
        full = module.run(images=images)
    finally:
        make_room()
    assert full["failed"] and full["images"][0]["action"] == "failed"
    assert "no space left" in full["msg"] and "Free space" in full["msg"] and "larger disk" in full["msg"], full["msg"]
    done = module.well(images=images)["images"][0]
    assert done["action"] in ("built", "loaded") and done["reference"].startswith(reference)


def test_load_into_a_full_disk(node, tmp_path):
    _cluster, module, record = node
    build_on_host("f-large:1", write_context(tmp_path / "ctx", record["base_images"]["busybox"], large=os.urandom(60 * MEGABYTE)))
    refused_and_then_done(module, "f-large:", [{"name": "f-large", "tag": "1"}])


def test_build_on_a_full_disk(node, tmp_path):
    _cluster, module, record = node
    context = write_context(tmp_path / "ctx", record["base_images"]["busybox"], large=os.urandom(60 * MEGABYTE))
    refused_and_then_done(module, "f-built:", [{"name": "f-built", "path": str(context)}])
