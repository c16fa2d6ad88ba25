# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Secrets of an application, as modules take them."""

from __future__ import annotations


class ModuleDocFragment:
    """The option ``secrets``, which a module describes."""

    DOCUMENTATION = r"""
options:
  secrets:
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the Secret.
        type: str
        required: true
      data:
        description:
          - Where the value of each key comes from. Each key has exactly one of V(generate), V(value), V(template) and V(copy).
          - V(generate) is a number of characters, at least 16. Letters and digits are generated once. An existing value is kept,
            whatever its length.
          - V(value) is the value itself.
          - V(template) is text in which C({secret/key}) is replaced by the value of another key of this list,
            and C({secret/key|url}) by the percent-encoded value.
          - V(copy) is C(secret/key), another key of this list.
          - V(rotated_by) may be added and names a playbook. An existing value is then never changed by M(runbook.minikube.app_secrets).
            A given value that differs is refused with a message that names the playbook.
        type: dict
        required: true
"""
