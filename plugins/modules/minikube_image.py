#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: minikube_image
short_description: Build or load images for a Minikube node and tag them by content
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Brings many images into a Minikube node in one call, several at a time. Each one is built from a context, loaded from an archive,
    or loaded from the Docker Engine of this host.
  - If the node runs Docker, builds run in the node's own Docker Engine, and the cluster can use the images at once.
    Only the context of each build is sent, so this is the fastest method. An image of 1 GB with one changed line takes 14 s,
    compared with 10 s for C(docker build) on the host plus 40 s for C(minikube image load).
  - If the node runs containerd, which cannot build, builds run in the Docker Engine of this host, and the images are loaded from there.
  - A load sends only the layers that are missing in the node, as listed by the node itself.
    Layers that containerd pulled from a registry are sent again, as it stores them compressed under another digest, or not at all.
    An image whose ID the node has is neither read nor sent.
  - An unchanged build is detected without calling a builder. A digest is computed over the context (after C(.dockerignore)),
    the Dockerfile, its arguments, target and platform, and the IDs of the base images.
    The image's label C(runbook.minikube.build) begins with it, and its first 12 digits are the tag (see O(tag_strategy)).
    The content tag of an image that was built elsewhere is the first 12 digits of its ID.
    So a changed image always has a new reference, which triggers a rollout and makes a rollback possible.
  - The digest covers names, contents, link targets and modes, but not times, owners and the location of the checkout.
    Write permission for group and others is removed, in the image too, so that checkouts with different umasks give the same image.
  - Every result is verified in the node before it is reported.
requirements:
  - docker >= 7.1.0 (the Docker SDK for Python)
  - A Minikube profile with one node that runs Docker or containerd. Other runtimes are refused.
  - The command C(docker), for a node in a container that runs containerd.
options:
  images:
    description:
      - The images, in any order. An image that is built on top of another image of the same call needs a separate task.
      - An image with a C(path) is built. One with an C(archive) is loaded from it.
        One with neither is loaded from the Docker Engine of this host, which must have it under its name and tag.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name without a tag, for example V(backend-api) or V(localhost:5000/todo/backend-api).
        type: str
        required: true
      path:
        description:
          - The build context, a folder. Several images can share one.
          - The file C(<Dockerfile>.dockerignore) beside the Dockerfile is applied if it exists, else C(.dockerignore) in the context.
            The ignore file itself is not sent.
          - Sockets, pipes and devices are omitted.
        type: path
      dockerfile:
        description: Path of the Dockerfile, relative to the context. It may be ignored, or be outside of the context.
        type: path
        default: Dockerfile
      args:
        description:
          - Build arguments. They remain readable in the image's history, so do not use them for secrets.
        type: dict
        default: {}
      target:
        description: The stage to build, by default the last one.
        type: str
      archive:
        description:
          - A tar archive with the image, as written by C(docker save) or with an OCI layout. It may be compressed with gzip, its layers too.
          - If it contains several images, the one with this name and C(platform) is used.
        type: path
      platform:
        description: Platform of the image, for example V(linux/amd64), by default the node's own. An image for another platform is refused.
        type: str
      tag:
        description:
          - The tag with O(tag_strategy=fixed).
          - For an image that is not built, also with O(tag_strategy=content), its tag in this host's engine or in the archive,
            by default V(latest).
        type: str
  tag_strategy:
    description:
      - With V(content), the tag is derived from the content.
      - With V(fixed), O(images[].tag) is moved to the new image, which also gets its content tag.
        The previous image keeps its content tag; if it has none, the first 12 digits of its ID become its tag.
        Running pods do not get the new image until they are restarted.
    type: str
    choices: [content, fixed]
    default: content
  keep_tags:
    description:
      - Number of content tags to keep of each image, the newest ones including the requested one. Older ones are removed after all images are
        in the node.
      - The tag of an image is never removed while a container in the node uses it, or a workload of the cluster or one of its revisions names
        it, as the workload can be rolled back to that revision. The cluster is read with O(kubeconfig) and O(context).
      - Tags that were not derived from the content, images with other names, and the images that this host's engine built for a node with
        containerd are not removed.
      - By default all tags are kept.
    type: int
  kubeconfig:
    description: The kubeconfig with the profile's cluster, used with O(keep_tags) only. By default E(KUBECONFIG), else C(~/.kube/config).
    type: path
  context:
    description: The context of the profile's cluster, used with O(keep_tags) only. By default the one that has the profile's name.
    type: str
  parallel:
    description: Number of images to pull, build or load at the same time.
    type: int
    default: 2
  profile:
    description: The Minikube profile.
    type: str
    default: minikube
  minikube:
    description: The program, needed only if the node is not a container (drivers other than V(docker)).
    type: path
    default: minikube
  minikube_home:
    description: Folder of Minikube's files. By default the environment's E(MINIKUBE_HOME), else the home folder.
    type: path
extends_documentation_fragment:
  - runbook.minikube.lease.holder
  - runbook.minikube.progress
attributes:
  check_mode:
    support: full
    description: >-
      Nothing is pulled, built, loaded or removed. If a base image is missing, the content tag cannot be computed,
      and the reference is V(null).
  diff_mode:
    support: full
    description: Shows the references before and after, and the removed ones.
  platform:
    support: full
    platforms: posix
    description: Where the module can run.
notes:
  - The classic builder is used. A Dockerfile with features of BuildKit (C(RUN --mount), C(COPY --link), here-documents) is refused.
  - Downloads of a build step (C(ADD) from a URL, a package manager) are not part of the digest.
    To rebuild for a changed download, change a build argument.
  - A base image is pulled only if the engine that builds has no image of its name, even if a registry has a newer one.
  - C(docker save) cannot export only some layers, so an image that is loaded from this host is read completely, in about 6 s per GB,
    into a temporary file (in E(TMPDIR)). Only the missing layers are sent from there.
  - If this host's engine identifies images by the digest of their manifest (the containerd image store), an image is read each time to compare it,
    but layers that the node has are not sent.
  - For a node in a container, the node's address is read from the host's engine, which is that of E(DOCKER_HOST), or of the current context
    of the docker command.
seealso:
  - module: runbook.minikube.rollout
  - module: community.docker.docker_image_build
  - module: community.docker.docker_image_load
"""

EXAMPLES = r"""
- name: Build two images that share a context
  runbook.minikube.minikube_image:
    profile: todo
    images:
      - name: backend-api
        path: "{{ playbook_dir }}/backend"
        args:
          BASE_IMAGE: python:3.11-slim
      - name: mcp-server
        path: "{{ playbook_dir }}/backend"
        dockerfile: tools/Dockerfile
  register: built

- name: Deploy the new image
  runbook.minikube.rollout:
    namespace: default
    workloads:
      - kind: Deployment
        name: backend-api
        images:
          backend-api: "{{ built.references['backend-api'] }}"

- name: Use a fixed tag, for manifests that name it
  runbook.minikube.minikube_image:
    tag_strategy: fixed
    images:
      - name: frontend
        path: "{{ playbook_dir }}/frontend"
        tag: v1

- name: Load images that a pipeline built, and remove all but the three newest unused ones
  runbook.minikube.minikube_image:
    profile: todo
    images:
      - name: localhost:5000/todo/audit-service # from the engine of this host
        tag: "2.1"
      - name: frontend
        archive: "{{ playbook_dir }}/artifacts/frontend.tar"
    keep_tags: 3
    kubeconfig: ~/.kube/config
"""

RETURN = r"""
references:
  description: Mapping of the name of each image that did not fail to its reference for manifests.
  type: dict
  returned: always
  sample: {backend-api: "backend-api:3f1c9a0b7d22"}
images:
  description: The result of each image, in the order of O(images), even if some of them failed.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: The image's name.
      type: str
      returned: always
      sample: backend-api
    tag:
      description: Its tag. V(null) in check mode while a base image is missing.
      type: str
      returned: always
      sample: 3f1c9a0b7d22
    reference:
      description: Name and tag, V(null) where the tag is.
      type: str
      returned: always
      sample: backend-api:3f1c9a0b7d22
    id:
      description: The image's ID as read from the node. V(null) if it is not known, as in check mode before a build.
      type: str
      returned: always
      sample: sha256:8a82f8a00ecbffe869d9b723192295ba8efa339237a7acc32dabea82d8cdbe68
    digest:
      description: SHA-256 over all inputs of the build. V(null) while a base image is missing, and for images that are not built.
      type: str
      returned: always
      sample: 3f1c9a0b7d2284c1f0b6a77d1c53c1e64b1f3a9f80e2f7e1f5bb1c1be3a0c9d4
    action:
      description:
        - The action, or in check mode the predicted one.
        - V(built); V(loaded), as it was built already but missing in the node; V(tagged), as the node had it under another tag; V(reused), as
          it is unchanged; or V(failed).
      type: str
      returned: always
      sample: built
    reason:
      description: The reason for the action, with the parts that changed since the last build.
      type: str
      returned: always
      sample: "changed since backend-api:90ab12cd34ef: context"
    bases:
      description: The base images, with their IDs in the engine that builds.
      type: dict
      returned: always
      sample: {"python:3.11-slim": "sha256:407296f9b1feaa0dba24bac963db0eebc2b84984c9fa4678ac0302b23a82c1fc"}
    pulled:
      description: The base images that were pulled for it.
      type: list
      elements: str
      returned: always
      sample: ["python:3.11-slim"]
    method:
      description:
        - How the image gets into the node.
        - V(built_in_node); V(built_on_host) and loaded from there; or V(loaded), as it was built elsewhere.
      type: str
      returned: always
      sample: built_in_node
    bytes_sent:
      description:
        - Bytes that were sent to the node, of the context for a build in the node, of the archive without the layers that the node had for
          a load.
      type: int
      returned: always
      sample: 20480
    load:
      description:
        - Whether all layers were sent (V(full)), or only those that the node lacked (V(missing_layers)). V(null) if nothing was loaded.
      type: str
      returned: always
      sample: missing_layers
    layers_sent:
      description: Number of layers that were sent.
      type: int
      returned: always
      sample: 1
    layers_reused:
      description: Number of layers of a loaded image that the node had.
      type: int
      returned: always
      sample: 9
    seconds:
      description: Duration in seconds.
      type: float
      returned: always
      sample: 3.214
    msg:
      description: The failure, with the last lines of the build and the next step.
      type: str
      returned: for an image that failed
      sample: "Building backend-api failed in Step 3/6 : RUN pip install ."
    step:
      description: The step of the Dockerfile that failed.
      type: str
      returned: for an image whose build failed
      sample: "Step 3/6 : RUN pip install ."
    log:
      description: The last lines of the build.
      type: list
      elements: str
      returned: for an image whose build failed
      sample: ["Step 3/6 : RUN pip install .", "ERROR: No matching distribution found for fastapi==0.0"]
removed:
  description: The older references that were removed, or in check mode would be removed. See O(keep_tags).
  type: list
  elements: str
  returned: always
  sample: ["backend-api:90ab12cd34ef"]
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.node import open_node
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.engine.profile import read_profile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.apply import apply, predict
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.build_context import read_sources
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.options import ARGUMENT_SPEC, ImageOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.plan import plan_all
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.progress import ImageProgress
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.prune import read_in_use, removable_tags, remove
from ansible_collections.runbook.minikube.plugins.module_utils._internal.image.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.libraries import CLUSTER, ENGINE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.progress import ProgressFile
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

# The cluster is only read for keep_tags, so the connection has two options, and its libraries are not imported otherwise
SETTINGS: dict = {"writes": True, "connects": False, "libraries": lambda params: [*ENGINE, *(CLUSTER if params["keep_tags"] else ())]}


def run(module):
    """Ends by exit_json or fail_json."""
    module.params["context"] = module.params["context"] or module.params["profile"]
    with module.clear_failures():
        options = ImageOptions.of(module.params)
        sources = read_sources(options.images)
        for warning in (text for source in sources for text in source.warnings):
            module.warn(warning)
        node = open_node(read_profile(options.profile, options.minikube_home), options.minikube, module.run_command)
        observed = observe(node, sources)
        in_use = read_in_use(node, module.cluster) if options.keep_tags else None
        progress = ImageProgress(ProgressFile(options.progress))
        outcomes = predict(plan_all(observed)) if module.check_mode else apply(node, observed, options.parallel, progress.add)
        succeeded = [outcome.plan for outcome in outcomes if not outcome.error]
        old = removable_tags(succeeded, observed.node, in_use, options.keep_tags) if in_use else []
        removed, prune_error = (old, None) if module.check_mode else remove(node, old)
        module.exit_json(**report(outcomes, removed, prune_error))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
