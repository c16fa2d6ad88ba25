#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_check
short_description: Checks the description of an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Evaluates the variable C(runbook_app) and checks it, as the filter P(runbook.minikube.app#filter) does.
  - All errors are reported together, each with its path, for example C(runbook_app.images[1].context). No value is shown, as it may be a secret.
  - Runs where C(ansible-playbook) runs.
extends_documentation_fragment:
  - runbook.minikube.read_only
options:
  file:
    description: The file that defines it, named before its errors.
    type: str
  directory:
    description: Absolute folder that relative paths of the description start from, usually that of its file.
    type: str
    required: true
  overrides:
    description: A mapping that is merged over the description before it is checked.
    type: raw
seealso:
  - module: runbook.minikube.app_file
  - plugin: runbook.minikube.app
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check a description beside this playbook
  runbook.minikube.app_check:
    directory: "{{ playbook_dir }}"

- name: Check it as it would be in another namespace
  runbook.minikube.app_check:
    directory: "{{ playbook_dir }}"
    overrides:
      namespace: staging
"""

RETURN = r"""
msg:
  description: The application in one line, or its errors.
  returned: always
  type: str
  sample: "Application shop, namespace default: 2 images, 3 workloads."
problems:
  description: The errors.
  returned: when the description has errors
  type: list
  elements: dict
  contains:
    path:
      description: Where it is.
      type: str
      returned: always
      sample: runbook_app.images[1].context
    problem:
      description: What is wrong.
      type: str
      returned: always
      sample: there is no folder /home/me/shop/web
"""
