#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_file
short_description: Select the file that describes an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Selects the file that describes the application, and fails if it cannot be read, is not valid YAML, or does not define C(runbook_app).
    The file may be encrypted by ansible-vault.
  - With O(context) the application is required, so that a forgotten option never changes a cluster.
  - Without O(context), O(file) and the variable C(runbook_app), the default is C(app.yml) in the working directory of
    C(ansible-playbook), or else O(example).
  - Prints nothing of the file's content, which may contain secrets. Use C(ansible.builtin.include_vars) to read it.
  - Runs where C(ansible-playbook) runs.
extends_documentation_fragment:
  - runbook.minikube.attributes.read_only
options:
  file:
    description: The file. Relative paths start in the working directory of C(ansible-playbook).
    type: str
  directory:
    description: The folder in which relative paths of the description start. By default the file's own.
    type: str
  context:
    description: The kubeconfig context, if one is set.
    type: str
  previous_file:
    description: The file that an earlier play of the same run has read. The variable C(runbook_app) then comes from it, and does not replace a file.
    type: str
    default: ""
  example:
    description: The file to use if nothing is set.
    type: str
    required: true
seealso:
  - module: runbook.minikube.app_check
"""

EXAMPLES = r"""
- name: Select the description of the application
  runbook.minikube.app_file:
    file: "{{ runbook_app_file | default(omit) }}"
    context: "{{ runbook_context | default(omit) }}"
    example: /usr/share/shop/app.yml
  register: selected

- name: Read the description
  ansible.builtin.include_vars:
    file: "{{ selected.path }}"
  no_log: true

- name: Check whether a file describes an application
  runbook.minikube.app_file:
    file: ~/shop/app.yml
    example: /usr/share/shop/app.yml
"""

RETURN = r"""
path:
  description: Absolute path of the file, empty if the variable C(runbook_app) is set.
  returned: success
  type: str
  sample: /home/me/shop/app.yml
directory:
  description: Absolute path of the folder in which relative paths of the description start.
  returned: success
  type: str
  sample: /home/me/shop
msg:
  description: The file and the reason for its selection, or the error and the next step.
  returned: always
  type: str
  sample: The application is described in /home/me/shop/app.yml.
"""
