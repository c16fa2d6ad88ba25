# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.build_context import BuildContext
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.digest import ContextEntry
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.node_images import LABEL, NodeImage, NodeImages
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.plan import make_plan, missing_bases
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.spec import ImageSpec

PYTHON = NodeImage("sha256:py", frozenset({"python:3"}), {})


def source(tag=None, content="ab", bases=("docker.io/library/python:3",)):
    spec = ImageSpec("images[0]", "api", "/ctx", "/ctx/Dockerfile", {}, tag=tag)
    return BuildContext(spec, b"FROM python:3", (ContextEntry("a", "file", 0o644, content, 1),), bases)


def build_of(made, *names, id="sha256:made", created=1):
    """The image that building ``made`` results in, under its content tag or these names."""
    inputs = make_plan(made, NodeImages([PYTHON])).inputs
    return NodeImage(id, frozenset(names or {f"api:{inputs.digest[:12]}"}), {LABEL: str(inputs)}, created)


def test_first_build():
    plan = make_plan(source(), NodeImages([PYTHON]))
    assert (plan.action, plan.before, plan.reason) == ("built", None, "the node has no build of it")
    assert plan.reference == f"api:{plan.inputs.digest[:12]}"
    assert plan.bases == {"docker.io/library/python:3": "sha256:py"}


def test_unchanged_build_is_reused():
    plan = make_plan(source(), NodeImages([PYTHON, build_of(source())]))
    assert (plan.action, plan.existing.id, plan.before) == ("reused", "sha256:made", plan.reference)


def test_reason_names_the_changes_since_the_newest_build():
    older = build_of(source(content="00"), created=1)
    newer = build_of(source(content="11"), created=2)
    plan = make_plan(source(), NodeImages([PYTHON, newer, older]))
    assert plan.action == "built"
    assert plan.before == next(iter(newer.names))
    assert plan.reason == f"changed since {plan.before}: context"


def test_retagged_base_image_is_a_change():
    latest = build_of(source())
    plan = make_plan(source(), NodeImages([replace(PYTHON, id="sha256:newer"), latest]))
    assert (plan.action, plan.reason) == ("built", f"changed since {plan.before}: base")


def test_content_tag_of_another_image_is_rebuilt():
    inputs = make_plan(source(), NodeImages([PYTHON])).inputs
    foreign = NodeImage("sha256:foreign", frozenset({f"api:{inputs.digest[:12]}"}), {})
    assert make_plan(source(), NodeImages([PYTHON, foreign])).action == "built"


def test_same_content_under_another_name_is_not_reused():
    assert make_plan(source(), NodeImages([PYTHON, build_of(source(), "other:1")])).action == "built"


def test_missing_base_image_leaves_the_content_tag_unknown():
    plan = make_plan(source(), NodeImages())
    assert (plan.action, plan.tag, plan.reference, plan.inputs) == ("built", None, None, None)
    assert plan.missing == ("docker.io/library/python:3",)
    assert "is pulled first" in plan.reason


def test_missing_base_images_are_listed_once():
    other = source(bases=("docker.io/library/python:3", "node:22"))
    assert missing_bases([source(), other], NodeImages()) == {"docker.io/library/python:3": None, "node:22": None}
    assert missing_bases([source()], NodeImages([PYTHON])) == {}


class TestFixedTag:
    def test_fixed_tag_is_known_without_the_base_image(self):
        assert make_plan(source("v1"), NodeImages()).reference == "api:v1"

    def test_fixed_tag_of_an_unchanged_build(self):
        image = build_of(source(), "api:v1", f"api:{make_plan(source(), NodeImages([PYTHON])).content_tag}")
        plan = make_plan(source("v1"), NodeImages([PYTHON, image]))
        assert (plan.action, plan.reference, plan.before) == ("reused", "api:v1", "api:v1")

    @pytest.mark.parametrize("tagged", [[], [build_of(source(content="00"), "api:v1", id="sha256:old")]])
    def test_fixed_tag_is_moved_back_without_a_build(self, tagged):
        plan = make_plan(source("v1"), NodeImages([PYTHON, build_of(source()), *tagged]))
        assert (plan.action, plan.existing.id) == ("tagged", "sha256:made")

    def test_inherited_label_is_not_the_image_itself(self):
        derived = build_of(source(), "api:v1", id="sha256:derived")
        plan = make_plan(source("v1"), NodeImages([PYTHON, build_of(source()), derived]))
        assert (plan.action, plan.existing.id) == ("tagged", "sha256:made")

    def test_foreign_image_with_the_tag_is_replaced(self):
        foreign = NodeImage("sha256:foreign", frozenset({"api:v1"}), {})
        plan = make_plan(source("v1"), NodeImages([PYTHON, foreign]))
        assert (plan.action, plan.before) == ("built", "api:v1")


def test_plan_as_a_sentence():
    plan = make_plan(source(), NodeImages([PYTHON]))
    assert str(plan) == f"build {plan.reference}: the node has no build of it"


def test_image_found_by_its_id():
    node = NodeImages()
    node.add("aadaf508bd66", PYTHON)
    assert make_plan(source(bases=("aadaf508bd66",)), node).bases == {"aadaf508bd66": "sha256:py"}
