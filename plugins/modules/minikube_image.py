#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: minikube_image
short_description: Builds images in a Minikube node and names them by their content
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Builds many images in one call, several at a time, in the Docker Engine of a Minikube node, where the cluster uses them at once.
    Nothing is loaded or copied but each build's context.
    In the node is where a build costs least. One changed line of a Next.js image of 1 GB takes 14 s there,
    against 10 s of build and 40 s of C(minikube image load) on the host.
  - A build of which nothing changed is recognised without asking a builder. A digest is taken over the context (after C(.dockerignore)),
    the Dockerfile, its arguments, target and platform, and the IDs of the images that it builds upon.
    It begins the image's label C(runbook.minikube.build), and its first 12 digits are the tag (see O(tag_strategy)).
    So a new image always has a new reference, a rollout follows from it, and going back is possible.
  - The digest covers names, contents, link targets and modes. Times, owners and the place of the checkout do not count.
    Write permission for group and others is taken away, in the image too, so that checkouts made with different umasks give the same image.
  - What the module calls done, it has read back from the node.
requirements:
  - docker >= 7.1 (the Docker SDK for Python)
  - A Minikube profile with one node and the Docker runtime. Other runtimes are refused.
options:
  images:
    description:
      - The images to be there, in any order. One that is built upon another one of the same call is not recognised as such. Use two tasks.
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
        required: true
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
      platform:
        description: Platform of the image, for example V(linux/amd64), by default the node's own. An image of another one is a failure.
        type: str
      tag:
        description: The tag with O(tag_strategy=fixed).
        type: str
  tag_strategy:
    description:
      - With V(content), the tag follows from the content.
      - With V(fixed), O(images[].tag) moves to the new image, which has its content tag as well.
        What the cluster runs does not change by that alone, so a restart must follow.
    type: str
    choices: [content, fixed]
    default: content
  parallel:
    description: How many images are pulled or built at the same time.
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
attributes:
  check_mode:
    support: full
    description: >-
      Nothing is pulled or built. Where a base image is not in the node yet, the content tag cannot be known,
      and the reference is V(null).
  diff_mode:
    support: full
    description: Shows the references before and after.
  platform:
    support: full
    platforms: posix
    description: Where the module can run.
notes:
  - The builder is the classic one. What only BuildKit knows in a Dockerfile (C(RUN --mount), here-documents) is refused by it.
  - What a step fetches by itself (C(ADD) from a URL, a package manager) is not part of the digest.
    To build anew because of it, change a build argument.
  - A base image is pulled when the node has none of its name. That a registry has a newer one is not looked for.
  - For a node in a container, the host's engine is asked for the node's address. It is found by E(DOCKER_HOST),
    or the current context of the docker command.
seealso:
  - module: runbook.minikube.rollout
  - module: community.docker.docker_image_build
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
      description: The image's ID as read back from the node. V(null) where nothing was done.
      type: str
      returned: always
      sample: sha256:8a82f8a00ecbffe869d9b723192295ba8efa339237a7acc32dabea82d8cdbe68
    digest:
      description: SHA-256 over all that decides what the build makes. V(null) while a base image is missing.
      type: str
      returned: always
      sample: 3f1c9a0b7d2284c1f0b6a77d1c53c1e64b1f3a9f80e2f7e1f5bb1c1be3a0c9d4
    action:
      description:
        - What was done, or in check mode would be.
        - V(built) by the builder; V(tagged), as the image was there under its content tag; V(reused), as nothing changed; V(failed).
      type: str
      returned: always
      sample: built
    reason:
      description: Why, with the parts that changed since the last build.
      type: str
      returned: always
      sample: "changed since backend-api:90ab12cd34ef: context"
    bases:
      description: The images that it builds upon, with their IDs in the node.
      type: dict
      returned: always
      sample: {"python:3.11-slim": "sha256:407296f9b1feaa0dba24bac963db0eebc2b84984c9fa4678ac0302b23a82c1fc"}
    pulled:
      description: The base images that the node pulled for it.
      type: list
      elements: str
      returned: always
      sample: ["python:3.11-slim"]
    bytes_sent:
      description: Bytes of the context that were sent to the builder.
      type: int
      returned: always
      sample: 20480
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
"""

from ansible_collections.runbook.minikube.plugins.module_utils.engine.node import node_engine
from ansible_collections.runbook.minikube.plugins.module_utils.engine.profile import read_profile
from ansible_collections.runbook.minikube.plugins.module_utils.image.apply import apply, foresee
from ansible_collections.runbook.minikube.plugins.module_utils.image.observe import read_node_images
from ansible_collections.runbook.minikube.plugins.module_utils.image.options import ARGUMENT_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils.image.plan import make_plan
from ansible_collections.runbook.minikube.plugins.module_utils.image.report import report
from ansible_collections.runbook.minikube.plugins.module_utils.image.request import requests_of
from ansible_collections.runbook.minikube.plugins.module_utils.image.source import read_sources
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

SETTINGS: dict = {"connects": False}


def run(module):
    """Ends by exit_json or fail_json."""
    params = module.params
    if params["parallel"] < 1:
        module.fail_json(msg=f"parallel is {params['parallel']}; it is the number of images at the same time, 1 or more.")
    with module.clear_failures():
        requests = requests_of(params["images"], params["tag_strategy"])
        sources = read_sources(requests)
        profile = read_profile(params["profile"], params["minikube_home"])
        engine = node_engine(profile, params["minikube"], module.run_command)
        node = read_node_images(engine, sources)
        plans = [make_plan(source, node) for source in sources]
        outcomes = foresee(plans) if module.check_mode else apply(engine, plans, params["parallel"])
        module.exit_json(**report(outcomes))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
