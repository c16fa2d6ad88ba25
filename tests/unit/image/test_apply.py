# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Apply, verification and report with a simulated engine."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.client import EngineError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.docker_node import DockerNode
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.apply import apply, predict
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.build_context import BuildContext
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.observe import as_node_image, observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.plan import plan_all
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.spec import ImageSpec


class FakeEngine:
    """Keeps images by reference; a build of ``breaks`` fails, pulls of ``pullable`` succeed."""

    def __init__(self, names=(), breaks=(), pullable=()):
        self.tagged = {name: self._made(name, {}) for name in names}
        self.unnamed = {}
        self.breaks, self.pullable = breaks, pullable
        self.lock = threading.Lock()
        self.running = self.most = 0
        self.builds = []

    name = "The node's Docker"

    def _made(self, name, labels):
        platform = {"Os": "linux", "Architecture": "amd64"}
        return {"Id": f"sha256:{name}", "RepoTags": [name], "Labels": labels, "Config": {"Labels": labels}, **platform}

    def images(self):
        return [{**image, "RepoTags": [name]} for name, image in self.tagged.items()]

    def image(self, reference):
        return self.tagged.get(reference) or self.unnamed.get(reference)

    def pull(self, reference, platform):
        if reference not in self.pullable:
            raise EngineError(f"pulling {reference} failed: no such host.")
        self.tagged[reference] = self._made(reference, {})

    def tag(self, image, repository, tag):
        self.tagged[f"{repository}:{tag}"] = next(one for one in [*self.tagged.values(), *self.unnamed.values()] if one["Id"] == image)

    def build(self, archive, **options):
        self._count(1)
        name = b"".join(archive).partition(b"# ")[2].partition(b"\0")[0].decode()
        yield {"stream": "Step 1/2 : FROM base:1\n"}
        yield {"stream": " ---> 0123\n"}
        yield {"stream": "Step 2/2 : RUN make\n"}
        yield from ({"stream": f"line {number}\n"} for number in range(40))
        self._count(-1)
        if name in self.breaks:
            yield {"error": "The command returned a non-zero code: 2", "errorDetail": {}}
            return
        self.builds.append(options)
        made = self._made(f"{name}-{options['labels']['runbook.minikube.build'][:12]}", options["labels"])
        self.unnamed[made["Id"]] = made
        yield {"aux": {"ID": made["Id"]}}

    def _count(self, step):
        with self.lock:
            self.running += step
            self.most = max(self.most, self.running)


def source(name, base="base:1", **fields):
    return BuildContext(ImageSpec("images[0]", name, "/ctx", "/ctx/Dockerfile", {"A": "1"}, **fields), f"FROM base:1 # {name}".encode(), (), (base,))


def run(engine, *sources, parallel=2):
    node = DockerNode(engine)
    return apply(node, observe(node, sources), parallel)


def predicted(engine, *sources):
    return predict(plan_all(observe(DockerNode(engine), sources)))


def test_build_is_sent_with_labels_and_verified():
    engine = FakeEngine(["base:1"])
    (outcome,) = run(engine, source("a", target="prod"))
    (options,) = engine.builds
    assert options["target"] == "prod" and options["buildargs"] == {"A": "1"}
    assert options["labels"]["runbook.minikube.build"].startswith(f"{outcome.plan.inputs.digest} context=")
    assert outcome.id == f"sha256:a-{outcome.plan.content_tag}" == engine.tagged[outcome.plan.reference]["Id"]
    assert outcome.bytes_sent > 0


def test_second_run_changes_nothing():
    engine = FakeEngine(["base:1"])
    first = report(run(engine, source("a"), source("b")))
    second = report(run(engine, source("a"), source("b")))
    assert len(engine.builds) == 2
    assert first["changed"] and not second["changed"]
    assert [image["action"] for image in second["images"]] == ["reused", "reused"]
    assert [image["id"] for image in second["images"]] == [image["id"] for image in first["images"]]
    assert second["diff"]["before"] == second["diff"]["after"] == first["diff"]["after"]
    assert second["references"] == first["references"]


def test_failed_build_reports_step_and_last_lines_and_others_continue():
    engine = FakeEngine(["base:1"], breaks=["bad"])
    with pytest.raises(RunbookError) as caught:
        report(run(engine, source("bad"), source("good")))
    message, facts = str(caught.value), caught.value.facts
    assert message.startswith("1 of 2 images failed.\nBuilding bad failed in Step 2/2 : RUN make: The command returned")
    assert "line 39" in message and "line 19\n" not in message
    bad, good = facts["images"]
    assert (bad["action"], bad["step"], len(bad["log"])) == ("failed", "Step 2/2 : RUN make", 20)
    assert bad["bytes_sent"] > 0 and bad["id"] is None
    assert good["action"] == "built" and good["id"]
    assert facts["changed"] is True
    assert list(facts["references"]) == ["good"]


def test_builder_messages_are_not_in_the_log():
    engine = FakeEngine(["base:1"], breaks=["bad"])
    (outcome,) = run(engine, source("bad"))
    assert not [line for line in outcome.error.facts["log"] if line.startswith(" --->")]


def test_images_are_built_in_parallel_up_to_the_limit():
    engine = FakeEngine(["base:1"])
    assert len(run(engine, *[source(f"i{number}") for number in range(6)], parallel=1)) == 6
    assert engine.most == 1


def test_missing_base_image_is_pulled():
    engine = FakeEngine(pullable=["base:1"])
    (outcome,) = run(engine, source("a"))
    assert outcome.pulled == ("base:1",) and outcome.plan.reference in engine.tagged
    assert report([outcome])["images"][0]["pulled"] == ["base:1"]


def test_pulling_the_base_of_an_unchanged_build_is_changed():
    engine = FakeEngine(["base:1"], pullable=["base:1"])
    run(engine, source("a"))
    del engine.tagged["base:1"]
    (outcome,) = run(engine, source("a"))
    assert (outcome.plan.action, report([outcome])["changed"], len(engine.builds)) == ("reused", True, 1)


def test_failed_pull_fails_only_images_that_need_it():
    engine = FakeEngine(["base:1"])
    with pytest.raises(RunbookError, match=r"The node's Docker lacks the base image gone:1 of a and could not pull it: .*no such host") as caught:
        report(run(engine, source("a", base="gone:1"), source("b")))
    assert [image["action"] for image in caught.value.facts["images"]] == ["failed", "built"]


def test_fixed_tag_is_moved_and_content_tag_kept():
    engine = FakeEngine(["base:1"])
    (outcome,) = run(engine, source("a", tag="v1"))
    assert {"a:v1", f"a:{outcome.plan.content_tag}"} <= set(engine.tagged)
    engine.tagged["a:v1"] = engine.tagged["base:1"]
    (back,) = run(engine, source("a", tag="v1"))
    assert (back.plan.action, back.id, len(engine.builds)) == ("tagged", outcome.id, 1)


class Forgetful(FakeEngine):
    def image(self, reference):
        return None if reference.startswith("a:") else super().image(reference)


class Relabelling(FakeEngine):
    def image(self, reference):
        found = super().image(reference)
        return found and {**found, "Config": {"Labels": {}}}


@pytest.mark.parametrize("kind, words", [(Forgetful, "not in the node"), (Relabelling, "does not have a as it was built")])
def test_success_is_reported_only_after_verification(kind, words):
    (outcome,) = run(kind(["base:1"]), source("a"))
    assert words in str(outcome.error)


def test_wrong_platform_fails_in_every_run():
    engine = FakeEngine(["base:1"])
    for _time in range(2):
        (outcome,) = run(engine, source("a", platform="linux/arm64"))
        assert "requested for linux/arm64, but the builder produced linux/amd64" in str(outcome.error)
    assert list(engine.tagged) == ["base:1"]


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/amd64/v2"])
def test_requested_platform_is_built(platform):
    (outcome,) = run(FakeEngine(["base:1"]), source("a", platform=platform))
    assert outcome.error is None


def test_refusal_of_the_engine_names_image_and_option():
    class Refusing(FakeEngine):
        def build(self, archive, **options):
            yield {"stream": "Step 1/1 : FROM base:1\n"}
            raise EngineError("The node's Docker refused building: no such platform", 400)

    (outcome,) = run(Refusing(["base:1"]), source("a"))
    assert str(outcome.error).startswith("Building a (images[0]) failed: The node's Docker refused")


@pytest.mark.parametrize("as_event", [True, False])
def test_full_disk_is_reported_with_the_next_step(as_event):
    class Full(FakeEngine):
        def build(self, archive, **options):
            if not as_event:
                raise EngineError("refused building: write /x: no space left on device")
            yield {"error": "write /x: no space left on device"}

    (outcome,) = run(Full(["base:1"]), source("a"))
    assert "no space left on device" in str(outcome.error) and "Free space on it" in str(outcome.error)


def test_check_mode_predicts_the_run():
    engine = FakeEngine(["base:1"])
    planned = report(predicted(engine, source("a")))
    assert not engine.builds
    done = report(run(engine, source("a")))
    same = ("name", "tag", "reference", "digest", "action", "reason", "bases", "pulled")
    assert [[image[key] for key in same] for image in planned["images"]] == [[image[key] for key in same] for image in done["images"]]
    assert (planned["diff"], planned["references"], planned["changed"]) == (done["diff"], done["references"], done["changed"])


def test_image_from_list_and_from_inspection():
    listed = as_node_image({"Id": "i", "RepoTags": ["a:1", "<none>:<none>"], "RepoDigests": None, "Labels": {"k": "v"}, "Created": 5})
    inspected = as_node_image({"Id": "i", "RepoTags": ["a:1"], "Config": {"Labels": {"k": "v"}}, "Created": "2026-01-01T00:00:00Z"})
    assert listed == replace(inspected, created=5)


def test_check_mode_with_a_missing_base_image():
    (image,) = report(predicted(FakeEngine(), source("a")))["images"]
    assert (image["pulled"], image["reference"], image["tag"], image["action"]) == (["base:1"], None, None, "built")


def test_invalid_base_image_reference_is_reported():
    class Strict(FakeEngine):
        def image(self, reference):
            raise EngineError("invalid reference format", 400)

    with pytest.raises(RunbookError, match="base image A:b:c of a Dockerfile is not a valid image reference"):
        observe(DockerNode(Strict()), [source("a", base="A:b:c")])
