#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: minikube_image
short_description: Builds images for a Minikube node, or loads them into it, and names them by their content
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Brings many images into a Minikube node in one call, several at a time. Each one is built from a context, taken from an archive,
    or taken from the Docker Engine of this host, where somebody else built it.
  - Where the node runs Docker, builds run in its own Docker Engine, where the cluster uses them at once.
    Nothing is loaded or copied but each build's context. There a build costs least. One changed line of a Next.js image of 1 GB takes 14 s,
    against 10 s of build and 40 s of C(minikube image load) on the host.
  - Where the node runs containerd, which cannot build, builds run in the Docker Engine of this host and are loaded from there.
  - Of what is loaded, only those layers travel that the node lacks. Whether it has them is asked of the node itself.
    On containerd, layers that it once pulled from a registry are not among them, as it keeps them compressed under another digest,
    or not at all.
    An image that the node has already, by its ID, is neither read nor sent.
  - A build of which nothing changed is recognised without asking a builder. A digest is taken over the context (after C(.dockerignore)),
    the Dockerfile, its arguments, target and platform, and the IDs of the images that it builds upon.
    It begins the image's label C(runbook.minikube.build), and its first 12 digits are the tag (see O(tag_strategy)).
    The content tag of an image that somebody else built is the first 12 digits of its ID.
    So a new image always has a new reference, a rollout follows from it, and going back is possible.
  - The digest covers names, contents, link targets and modes. Times, owners and the place of the checkout do not count.
    Write permission for group and others is taken away, in the image too, so that checkouts made with different umasks give the same image.
  - What the module calls done, it has read back from the node.
requirements:
  - docker >= 7.1.0 (the Docker SDK for Python)
  - A Minikube profile with one node that runs Docker or containerd. Other runtimes are refused.
  - The command C(docker), for a node in a container that runs containerd.
options:
  images:
    description:
      - The images to be there, in any order. One that is built upon another one of the same call is not recognised as such. Use two tasks.
      - One with a C(context) is built. One with an C(archive) is loaded from it.
        One with neither is loaded from the Docker Engine of this host, which must have it under its name and tag.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name without a tag, for example V(backend-api) or V(localhost:5000/todo/backend-api).
        type: str
        required: true
      context:
        description:
          - The folder that the build may read. Several images can share one.
          - The file C(<Dockerfile>.dockerignore) beside the Dockerfile is applied if it exists, else C(.dockerignore) in the context.
            The ignore file itself is not sent.
          - Sockets, pipes and devices are left out.
        type: path
      dockerfile:
        description: Path of the Dockerfile, relative to the context. It may be ignored, or lie elsewhere.
        type: path
        default: Dockerfile
      args:
        description:
          - Build arguments. They stay readable in the image's history, so they are no place for a secret.
        type: dict
        default: {}
      target:
        description: The stage to build, by default the last one.
        type: str
      archive:
        description:
          - A tar with the image, as C(docker save) makes it, or with an OCI layout. It may be compressed by gzip, its layers too.
          - Of several images in it, the one that is called like this one is taken, and of several platforms that of C(platform).
        type: path
      platform:
        description: Platform of the image, for example V(linux/amd64), by default the node's own. An image of another one is a failure.
        type: str
      tag:
        description:
          - The tag with O(tag_strategy=fixed).
          - For an image that is not built, with O(tag_strategy=content) too, the tag that it has where it is taken from,
            by default V(latest).
        type: str
  tag_strategy:
    description:
      - With V(content), the tag follows from the content.
      - With V(fixed), O(images[].tag) moves to the new image, which has its content tag as well.
        The image that loses it, in use or not, stays under its own content tag; if it had none, under the first 12 digits of its ID.
        What the cluster runs does not change by that alone, so a restart must follow.
    type: str
    choices: [content, fixed]
    default: content
  keep:
    description:
      - How many content tags of each image stay, the newest ones and the one asked for. Older ones are removed when all is there.
      - One that a container in the node uses, or that a workload of the cluster or a revision of it names, is never removed.
        A rollout can be undone to such a revision. To know them, the cluster is asked through O(kubeconfig) and O(context).
      - Tags that were not made from the content, and images of other names, are left alone. So is what this host's engine keeps of the
        images that it built for a node with containerd.
      - By default all of them stay.
    type: int
  kubeconfig:
    description: The kubeconfig with the profile's cluster, used with O(keep) only. By default E(KUBECONFIG), else C(~/.kube/config).
    type: path
  context:
    description: The context of the profile's cluster, used with O(keep) only. By default the one that has the profile's name.
    type: str
  parallel:
    description: How many images are pulled, built or loaded at the same time.
    type: int
    default: 2
  profile:
    description: The Minikube profile.
    type: str
    default: minikube
  minikube:
    description: The program, needed only where the node is no container (drivers other than V(docker)).
    type: path
    default: minikube
  minikube_home:
    description: Where Minikube keeps its files. By default the environment's E(MINIKUBE_HOME), else the home folder.
    type: path
  progress:
    description:
      - An existing file on the host of the module, to which a line is added as soon as an image is done.
      - The action plugin of this module sets it and shows its lines, where the module runs on the controller.
    type: path
attributes:
  check_mode:
    support: full
    description: >-
      Nothing is pulled, built, loaded or removed. Where a base image is not there yet, the content tag cannot be known,
      and the reference is V(null).
  diff_mode:
    support: full
    description: Shows the references before and after, and those that are removed.
  platform:
    support: full
    platforms: posix
    description: Where the module can run.
notes:
  - The builder is the classic one. What only BuildKit knows in a Dockerfile (C(RUN --mount), here-documents) is refused by it.
  - What a step fetches by itself (C(ADD) from a URL, a package manager) is not part of the digest.
    To build anew because of it, change a build argument.
  - A base image is pulled when the engine that builds has none of its name. That a registry has a newer one is not looked for.
  - An engine knows no partial form of C(docker save), so an image that is loaded from this host is read as a whole, for about 6 s a GB,
    into a temporary file (in E(TMPDIR)). Only what the node lacks travels from there.
  - An engine that names images by the digest of their manifest (the containerd image store) is read each time to compare; nothing is sent
    for what the node has.
  - For a node in a container, the host's engine is asked for the node's address. It is found by E(DOCKER_HOST),
    or the current context of the docker command.
seealso:
  - module: runbook.minikube.rollout
  - module: community.docker.docker_image_build
  - module: community.docker.docker_image_load
"""

EXAMPLES = r"""
- name: Build the two images that share a context
  runbook.minikube.minikube_image:
    profile: todo
    images:
      - name: backend-api
        context: "{{ playbook_dir }}/backend"
        args:
          BASE_IMAGE: python:3.11-slim
      - name: mcp-server
        context: "{{ playbook_dir }}/backend"
        dockerfile: tools/Dockerfile
  register: built

- name: Use the new reference
  runbook.minikube.rollout:
    namespace: default
    workloads:
      - kind: Deployment
        name: backend-api
        images:
          backend-api: "{{ built.references['backend-api'] }}"

- name: Keep a fixed tag, as manifests written by hand have it
  runbook.minikube.minikube_image:
    tag_strategy: fixed
    images:
      - name: frontend
        context: "{{ playbook_dir }}/frontend"
        tag: v1

- name: Load what a pipeline built, and remove all but the three newest that nothing uses
  runbook.minikube.minikube_image:
    profile: todo
    images:
      - name: localhost:5000/todo/audit-service # as the engine of this host has it
        tag: "2.1"
      - name: frontend
        archive: "{{ playbook_dir }}/artifacts/frontend.tar"
    keep: 3
    kubeconfig: ~/.kube/config
"""

RETURN = r"""
references:
  description: For each image that did not fail, what a manifest names.
  type: dict
  returned: always
  sample: {backend-api: "backend-api:3f1c9a0b7d22"}
images:
  description: What was done, in the order of O(images), also when some of them failed.
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
      description: The image's ID as read back from the node. V(null) where it is not known, as in check mode before a build.
      type: str
      returned: always
      sample: sha256:8a82f8a00ecbffe869d9b723192295ba8efa339237a7acc32dabea82d8cdbe68
    digest:
      description: SHA-256 over all that decides what the build makes. V(null) while a base image is missing, and where nothing is built.
      type: str
      returned: always
      sample: 3f1c9a0b7d2284c1f0b6a77d1c53c1e64b1f3a9f80e2f7e1f5bb1c1be3a0c9d4
    action:
      description:
        - What was done, or in check mode would be.
        - V(built) by the builder; V(loaded), as it was built already and the node did not have it; V(tagged), as the node had it under
          another tag; V(reused), as nothing changed; V(failed).
      type: str
      returned: always
      sample: built
    reason:
      description: Why, with the parts that changed since the last build.
      type: str
      returned: always
      sample: "changed since backend-api:90ab12cd34ef: context"
    bases:
      description: The images that it builds upon, with their IDs in the engine that builds.
      type: dict
      returned: always
      sample: {"python:3.11-slim": "sha256:407296f9b1feaa0dba24bac963db0eebc2b84984c9fa4678ac0302b23a82c1fc"}
    pulled:
      description: The base images that the engine pulled for it.
      type: list
      elements: str
      returned: always
      sample: ["python:3.11-slim"]
    way:
      description:
        - How an image of this kind comes into the node.
        - V(built_in_node); V(built_on_host), and loaded from there; V(loaded), as somebody else built it.
      type: str
      returned: always
      sample: built_in_node
    bytes_sent:
      description:
        - Bytes that were sent to the node. Of a build in the node, these are the bytes of its context; of a load, those of the archive
          without the layers that the node had.
      type: int
      returned: always
      sample: 20480
    load:
      description:
        - Whether all layers were sent (V(full)), or those only that the node lacked (V(reduced)). V(null) where nothing was loaded.
      type: str
      returned: always
      sample: reduced
    layers_sent:
      description: How many layers were sent.
      type: int
      returned: always
      sample: 1
    layers_reused:
      description: How many layers of a loaded image the node had.
      type: int
      returned: always
      sample: 9
    seconds:
      description: How long it took.
      type: float
      returned: always
      sample: 3.214
    msg:
      description: What failed, with the build's last lines and the next step.
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
  description: The older references that were removed, or in check mode would be. See O(keep).
  type: list
  elements: str
  returned: always
  sample: ["backend-api:90ab12cd34ef"]
"""

from ansible_collections.runbook.minikube.plugins.module_utils.engine.node import open_node
from ansible_collections.runbook.minikube.plugins.module_utils.engine.profile import read_profile
from ansible_collections.runbook.minikube.plugins.module_utils.image.apply import apply, foresee
from ansible_collections.runbook.minikube.plugins.module_utils.image.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils.image.options import ARGUMENT_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils.image.plan import plan_all
from ansible_collections.runbook.minikube.plugins.module_utils.image.progress import Progress
from ansible_collections.runbook.minikube.plugins.module_utils.image.prune import read_in_use, removable, remove
from ansible_collections.runbook.minikube.plugins.module_utils.image.report import report
from ansible_collections.runbook.minikube.plugins.module_utils.image.request import requests_of
from ansible_collections.runbook.minikube.plugins.module_utils.image.source import read_sources
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER, ENGINE
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

# The cluster is asked for `keep` only, so the connection is two options, and not imported without need
SETTINGS: dict = {"connects": False, "libraries": lambda params: [*ENGINE, *(CLUSTER if params["keep"] else ())]}


def run(module):
    """Ends by exit_json or fail_json."""
    params = module.params
    _require_numbers(module)
    params["context"] = params["context"] or params["profile"]
    with module.clear_failures():
        sources = read_sources(requests_of(params["images"], params["tag_strategy"]))
        node = open_node(read_profile(params["profile"], params["minikube_home"]), params["minikube"], module.run_command)
        observed = observe(node, sources)
        in_use = read_in_use(node, module.cluster) if params["keep"] else None
        tell = Progress(params["progress"]).tell
        outcomes = foresee(plan_all(observed)) if module.check_mode else apply(node, observed, params["parallel"], tell)
        done = [outcome.plan for outcome in outcomes if not outcome.error]
        old = removable(done, observed.node, in_use, params["keep"]) if in_use else []
        removed, trouble = (old, None) if module.check_mode else remove(node, old)
        module.exit_json(**report(outcomes, removed, trouble))


def _require_numbers(module):
    params = module.params
    if params["parallel"] < 1:
        module.fail_json(msg=f"parallel is {params['parallel']}; it is the number of images at the same time, 1 or more.")
    if params["keep"] is not None and params["keep"] < 1:
        module.fail_json(msg=f"keep is {params['keep']}; the newest content tag always stays, so it is 1 or more. Or leave it out.")


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
