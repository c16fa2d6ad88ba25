# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: manifest_template
short_description: Render templates of manifests
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Renders each file as P(ansible.builtin.template#lookup) does.
  - An error names the file, the line if it is known, and the reason, and quotes nothing of the template, which may contain a secret.
options:
  _terms:
    description: Paths of the templates.
    type: list
    elements: path
    required: true
seealso:
  - plugin: ansible.builtin.template
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Render a manifest
  ansible.builtin.set_fact:
    manifest: "{{ lookup('runbook.minikube.manifest_template', 'frontend.yml.j2') }}"

- name: Render all manifests of a folder
  ansible.builtin.set_fact:
    manifests: "{{ query('runbook.minikube.manifest_template', *(query('ansible.builtin.fileglob', 'manifests/*.yml.j2') | sort)) }}"
"""

RETURN = r"""
_raw:
  description: The rendered texts, in the order of the files.
  type: list
  elements: str
"""

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase
from ansible_collections.runbook.minikube.plugins.plugin_utils.template_errors import template_problem
from jinja2.exceptions import TemplateError
from jinja2.runtime import Undefined


class _Variables(dict):
    """ansible.builtin.template adds its own variables to a deep copy for each file, which takes longer than the rendering."""

    def __deepcopy__(self, _memo):
        return dict(self)


class LookupModule(LookupBase):
    """See the documentation."""

    def run(self, terms, variables=None, **kwargs):
        """The rendered texts."""
        template = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
        shared = _Variables(variables or {})
        return [self._rendered(template, term, shared, kwargs) for term in terms]

    def _rendered(self, template, file: str, variables, options: dict) -> str:
        try:
            (text,) = template.run([file], variables, **options)
            if isinstance(text, Undefined):  # ansible-core 2.19 and later return an error as a value
                str(text)
            return text
        except (AnsibleError, TemplateError) as error:
            problem = template_problem(file, error)
        raise AnsibleLookupError(problem)  # outside of the block: Ansible shows causes, with the template
