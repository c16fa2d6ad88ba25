# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parts of a cluster that is built from package registries: versions, programs, images, and the targets that need them.

The versions depend on each other: Minikube 1.36.0 has Kubernetes 1.33.1 as its default, and Debian 12's Docker (API 1.41) is too old
for cri-dockerd 0.4. The versions of the modules are in `go/<module>/go.mod`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

KUBERNETES = "v1.33.1"
MINIKUBE = "v1.36.0"
DAPR = "1.16.0"
HELM = "v3.18.4"
METRICS_SERVER = "v0.8.0"

_KUBERNETES_FLAGS = " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in (("gitVersion", KUBERNETES), ("gitMajor", "1"), ("gitMinor", "33"), ("gitTreeState", "clean"))
)
_MINIKUBE_FLAGS = " ".join(
    f"-X k8s.io/minikube/pkg/version.{name}={value}"
    for name, value in (("version", MINIKUBE), ("isoVersion", MINIKUBE), ("storageProvisionerVersion", "v5"))
)


@dataclass(frozen=True)
class Program:
    """A program built from a Go module: `module` is the folder in go/, `package` the package to build."""

    name: str
    module: str
    package: str
    flags: str = ""
    tags: str = ""


@dataclass(frozen=True)
class Chart:
    """A Helm chart in the source of a Go module, at `folder`."""

    name: str
    module: str
    source: str
    folder: str


@dataclass(frozen=True)
class Image:
    """An image built from the folder images/`recipe`, with programs and a parent image that are steps of their own.

    A `reference` that ends in a colon gets the step's digest as its tag. `variant` is mmdebstrap's, for recipes with a
    list of packages.
    """

    name: str
    reference: str
    recipe: str
    programs: tuple[str, ...] = ()
    parent: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    variant: str = "minbase"
    host_facts: tuple[str, ...] = field(default=())


def _kubernetes(name: str) -> Program:
    return Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _KUBERNETES_FLAGS)


def _dapr(name: str) -> Program:
    flags = f"-X github.com/dapr/dapr/pkg/buildinfo.version={DAPR}"
    return Program(name, "dapr", f"github.com/dapr/dapr/cmd/{name}", flags, "stablecomponents")


_KUBERNETES_PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl", "kubeadm", "kube-proxy")
_DAPR_PROGRAMS = ("operator", "injector", "sentry", "placement", "scheduler", "daprd")

PROGRAMS = {
    program.name: program
    for program in (
        *map(_kubernetes, _KUBERNETES_PROGRAMS),
        Program("minikube", "minikube", "k8s.io/minikube/cmd/minikube", _MINIKUBE_FLAGS),
        Program("storage-provisioner", "storage-provisioner", "k8s.io/minikube/cmd/storage-provisioner"),
        Program("cri-dockerd", "cri-dockerd", "github.com/Mirantis/cri-dockerd",
                "-X github.com/Mirantis/cri-dockerd/cmd/version.Version=0.3.14"),
        Program("crictl", "crictl", "sigs.k8s.io/cri-tools/cmd/crictl", "-X sigs.k8s.io/cri-tools/pkg/version.Version=v1.34.0"),
        Program("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
        Program("coredns", "coredns", "github.com/coredns/coredns"),
        Program("metrics-server", "metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server",
                f"-X k8s.io/component-base/version.gitVersion={METRICS_SERVER}"),
        *map(_dapr, _DAPR_PROGRAMS),
        Program("helm", "helm", "helm.sh/helm/v3/cmd/helm", f"-X helm.sh/helm/v3/internal/version.version={HELM}"),
    )
}

CHARTS = {"dapr": Chart("dapr", "dapr", f"github.com/dapr/dapr@v{DAPR}", "charts/dapr")}


def _program_image(name: str, reference: str, **more) -> Image:
    return Image(name, reference, "program", programs=(name,), arguments=(("PROGRAM", name), *more.pop("arguments", ())), **more)


def _single_file_image(name: str, reference: str) -> Image:
    return Image(name, reference, "single", programs=(name,), arguments=(("PROGRAM", name),))


IMAGES = {
    image.name: image
    for image in (
        Image("kicbase", "runbook/kicbase:", "kicbase", programs=("cri-dockerd", "crictl"), host_facts=("limited",)),
        Image("debian", "runbook/debian:12", "debian", host_facts=("certificates",)),
        *(_program_image(name, f"registry.k8s.io/{name}:{KUBERNETES}")
          for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")),
        _program_image("kube-proxy", f"registry.k8s.io/kube-proxy:{KUBERNETES}", parent="debian"),
        _program_image("etcd", "registry.k8s.io/etcd:3.5.21-0"),
        _program_image("storage-provisioner", "gcr.io/k8s-minikube/storage-provisioner:v5", arguments=(("DIRECTORY", ""),)),
        _single_file_image("coredns", "registry.k8s.io/coredns/coredns:v1.12.0"),
        Image("pause", "registry.k8s.io/pause:3.10", "pause"),
        _single_file_image("metrics-server", f"registry.k8s.io/metrics-server/metrics-server:{METRICS_SERVER}"),
        *(Image(f"dapr-{name}", f"ghcr.io/dapr/{name}:{DAPR}", "dapr", programs=(name,), arguments=(("PROGRAM", name),))
          for name in _DAPR_PROGRAMS),
        Image("python", "runbook/python:3.11", "python", host_facts=("certificates",)),
        Image("node", "runbook/node:22", "node", parent="debian"),
        Image("postgres", "runbook/postgres:15", "postgres", host_facts=("certificates",)),
        Image("redis", "runbook/redis:7", "redis"),
        Image("busybox", "busybox:latest", "busybox", variant="extract"),
    )
}

BASE_IMAGES = ("python", "node", "postgres", "redis", "busybox")
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "etcd", "coredns", "pause",
                  "storage-provisioner")


def _images(*names: str) -> list[str]:
    return [f"image/{name}" for name in names]


TARGETS = {
    "cluster": ["program/minikube", "program/kubelet", "program/kubeadm", "program/kubectl", *_images("kicbase", *_CONTROL_PLANE)],
    "node-image": _images("kicbase"),
    "metrics": _images("metrics-server"),
    "base": _images(*BASE_IMAGES),
    "helm": ["program/helm"],
    "dapr": _images(*(f"dapr-{name}" for name in _DAPR_PROGRAMS)),
    "dapr-chart": ["chart/dapr"],
}

# Installed where `minikube start` looks before it downloads.
NODE_PROGRAMS = ("kubelet", "kubeadm", "kubectl")
NODE_IMAGES = _CONTROL_PLANE
