#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_check
short_description: Validate the description of an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Evaluates and validates the variable C(runbook_app), as the filter P(runbook.minikube.app#filter) does.
  - All errors are reported together, each with its path, for example C(runbook_app.images[1].context). Values are not printed, as they may be secrets.
  - Runs where C(ansible-playbook) runs.
extends_documentation_fragment:
  - runbook.minikube.attributes.read_only
options:
  file:
    description: The file that defines C(runbook_app), for messages.
    type: str
  directory:
    description: Absolute folder in which relative paths of the description start, usually that of its file.
    type: str
    required: true
  overrides:
    description: A mapping that is merged over the description before the validation.
    type: raw
seealso:
  - module: runbook.minikube.app_file
  - plugin: runbook.minikube.app
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Validate a description beside this playbook
  runbook.minikube.app_check:
    directory: "{{ playbook_dir }}"

- name: Validate a description with another namespace
  runbook.minikube.app_check:
    directory: "{{ playbook_dir }}"
    overrides:
      namespace: staging
"""

RETURN = r"""
msg:
  description: A summary of the application, or the errors.
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
      description: Path of the error.
      type: str
      returned: always
      sample: runbook_app.images[1].context
    problem:
      description: The error.
      type: str
      returned: always
      sample: there is no folder /home/me/shop/web
"""
