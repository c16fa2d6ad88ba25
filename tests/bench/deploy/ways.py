# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ways of deploying that are compared. Each settles once (its images, its pods), and is then measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cluster import BACKEND_PORT, FRONTEND_PORT, NAMESPACE, Bench, Done
from example import CHECKOUT, SERVICES, Example

HERE = Path(__file__).resolve().parent
PORTS = {"todo_frontend_node_port": FRONTEND_PORT, "todo_backend_node_port": BACKEND_PORT}
# Requests prefers a bundle named in the environment to the certificate authority that is set for one engine.
NO_BUNDLE = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
OURS, LOAD, DOCKER_ENV, PLAYBOOK = "deploy.yml", "image load", "docker-env", "playbook"


@dataclass
class Deploy:
    """This collection's deploy.yml, as `make deploy` runs it. What it needs is part of its time: the check of the cluster, Dapr, Secrets."""

    bench: Bench
    example: Example
    name: str = OURS

    def settle(self) -> None:
        """Takes over what another way has set."""
        self._run({"rollout_force_conflicts": True}).ok()

    def nothing(self) -> Done:
        """Deploys an unchanged tree."""
        return self._run({})

    def change(self, _version: str) -> Done:
        """Deploys a changed tree; it finds out by itself what has changed."""
        return self._run({})

    def _run(self, variables: dict) -> Done:
        all_variables = {
            "local_cluster_profile": self.bench.profile, "runbook_app_file": str(self.example.path / "app.yml"),
            "runbook_app_overrides": {"namespace": NAMESPACE}, "runbook_lock_wait": 300, **PORTS, **variables,
        }
        return self.bench.play(CHECKOUT / "playbooks/deploy.yml", all_variables)


@dataclass
class Guide:
    """The guide's commands, in its order. Who types them knows what was changed, so after a change only that service is built."""

    bench: Bench
    example: Example
    name: str
    tags: dict[str, str] = field(default_factory=dict)

    def settle(self) -> None:
        """Builds and sets all four images."""
        self._run(SERVICES).ok()

    def nothing(self) -> Done:
        """All four services, as it is not known that nothing has changed."""
        return self._run(SERVICES)

    def change(self, version: str) -> Done:
        """The frontend alone, under a new tag, as the guide does it."""
        self.tags["frontend"] = version
        return self._run([service for service in SERVICES if service[0] == "frontend"])

    def _run(self, services) -> Done:
        named = [f"{name}:{self.tags.get(name, 'v1')}:{context}:{dockerfile}" for name, context, dockerfile, _base in services]
        command = ["bash", str(HERE / "guide.sh"), self.name.removeprefix("image "), *named]
        return self.bench.run(command, cwd=self.example.path, **self._variables())

    def _variables(self) -> dict:
        images = self.bench.record["base_images"]
        return {"PREFIX": self.example.prefix, "BASES": " ".join(f"{name}={images[base]}" for name, *_rest, base in SERVICES)}


@dataclass
class Rival:
    """A careful playbook of community.docker and kubernetes.core, with fixed tags. It leaves Dapr, Secrets and health URLs alone."""

    bench: Bench
    example: Example
    name: str = PLAYBOOK
    _engine: dict = field(default_factory=dict)

    def settle(self) -> None:
        """Builds the images, and lets the workloads name them."""
        self._run().ok()

    def nothing(self) -> Done:
        """Runs it on an unchanged tree."""
        return self._run()

    def change(self, _version: str) -> Done:
        """Runs it on a changed tree."""
        return self._run()

    def _run(self) -> Done:
        self._engine = self._engine or self.bench.node_engine()  # a user's shell has them set already
        return self.bench.play(HERE / "playbook.yml", self._variables(), **self._engine, **NO_BUNDLE)

    def _variables(self) -> dict:
        images = self.bench.record["base_images"]
        described = [
            {"name": name, "image": f"{self.example.prefix}/{name}:latest", "context": str(self.example.path / context),
             "dockerfile": dockerfile, "base": images[base]}
            for name, context, dockerfile, base in SERVICES
        ]  # fmt: skip
        host = self.bench.node_address
        return {
            "bench_namespace": NAMESPACE, "bench_images": described, **PORTS, "runbook_base_images": images, "todo_openai_base_url": "",
            "todo_url": f"http://{host}:{FRONTEND_PORT}", "todo_openai_model": "scripted",
            "bench_manifests": [{"path": str(path)} for path in self._manifests()],
        }

    def _manifests(self) -> list[Path]:
        """The broker's component first: the sidecars read it when they start. Database and model are another's business."""
        return [self.example.path / "manifests/broker/pubsub.yml", *sorted((self.example.path / "manifests/app").iterdir())]


def all_ways(bench: Bench, folder: Path) -> list:
    """Each way with a copy of the example of its own under ``folder``."""
    return [
        Deploy(bench, Example.copy(folder / "deploy", "bench-deploy")),
        Guide(bench, Example.copy(folder / "load", "bench-load"), LOAD),
        Guide(bench, Example.copy(folder / "docker-env", "bench-env"), DOCKER_ENV),
        Rival(bench, Example.copy(folder / "playbook", "bench-playbook")),
    ]
