#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_file
short_description: Finds the file that describes an application
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Says which file describes the application, and refuses one that can't be read, is not valid YAML, or does not define C(runbook_app).
    A file may be encrypted by ansible-vault.
  - With O(context) the application has to be named, so that nothing reaches a cluster by leaving an option out.
  - Without it, where neither O(file) nor the variable C(runbook_app) is given, C(app.yml) is taken from the folder where
    C(ansible-playbook) was started, or else O(example).
  - Shows nothing of the file's content, which may hold secrets. C(ansible.builtin.include_vars) reads it then.
  - Runs where C(ansible-playbook) runs.
extends_documentation_fragment:
  - runbook.minikube.read_only
options:
  file:
    description: The file. A relative path starts in the folder where C(ansible-playbook) was started.
    type: str
  directory:
    description: The folder that relative paths of the description start from. The file's own where it is not given.
    type: str
  context:
    description: The kubeconfig context that was named, if any.
    type: str
  read_before:
    description: The file that an earlier play of the same run has read, as the variable C(runbook_app) was not given in place of a file then.
    type: str
    default: ""
  example:
    description: The file that is taken where nothing is given.
    type: str
    required: true
seealso:
  - module: runbook.minikube.app_check
"""

EXAMPLES = r"""
- name: Find the description of the application
  runbook.minikube.app_file:
    file: "{{ runbook_app_file | default(omit) }}"
    context: "{{ runbook_context | default(omit) }}"
    example: /usr/share/shop/app.yml
  register: found

- name: Read it
  ansible.builtin.include_vars:
    file: "{{ found.path }}"
  no_log: true

- name: Find the description that somebody named
  runbook.minikube.app_file:
    file: ~/shop/app.yml
    example: /usr/share/shop/app.yml
"""

RETURN = r"""
path:
  description: Absolute path of the file, empty where the variable C(runbook_app) was given.
  returned: success
  type: str
  sample: /home/me/shop/app.yml
directory:
  description: Absolute path of the folder that relative paths of the description start from.
  returned: success
  type: str
  sample: /home/me/shop
msg:
  description: Which file it is, and why that one; or what is wrong with it, and what to do.
  returned: always
  type: str
  sample: The application is described in /home/me/shop/app.yml.
"""
