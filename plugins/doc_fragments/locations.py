# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The locations of a value: Secrets and ConfigMaps, running containers, files, and the value itself."""

from __future__ import annotations

REQUIRE_SAME = """
          - Whether to require that every running container that reads this key has the same value."""
USE_OTHERS = """
          - Whether to use the values of the running containers that read this key too."""
COMPARE = """
          - Also compares the value in every running container of the namespace that reads this key, by C(env), by C(envFrom) with or without a
            prefix, or by a volume (including projected volumes and C(subPath)).
          - This shows which pods still have a previous value."""


def _suboptions(option: str, check_consumers: str) -> str:
    """What a location may have. ``option``: how other options name it; ``check_consumers``: what the containers that read the key are used for."""
    return f"""
    suboptions:
      secret:
        description: Name of a Secret. Needs O({option}.key).
        type: str
      config_map:
        description: Name of a ConfigMap. Needs O({option}.key).
        type: str
      key:
        description: The key in the Secret or ConfigMap.
        type: str
      check_consumers:
        description:{check_consumers}
        type: bool
        default: false
      workload:
        description:
          - Kind and name of a Deployment, StatefulSet or DaemonSet whose running containers have the value, for example
            V(Deployment/frontend). Needs O({option}.env).
          - All of its running pods are read, including those of previous revisions and terminating ones.
        type: str
      container:
        description: The container of the workload. By default all containers that have the variable.
        type: str
      env:
        description: The environment variable of the workload.
        type: str
      file:
        description: Path of a file on the host where the module runs. Its whole content is the value, including a trailing newline.
        type: path
      value:
        description: The value itself. It is never printed.
        type: str
      namespace:
        description: Namespace of this location. By default O(namespace).
        type: str
"""


class ModuleDocFragment:
    """The suboptions of options that are locations, one section for each. The module describes the option."""


# Outside of the class: ansible-test reads those in it as literals.
ModuleDocFragment.AUTH_SECRETS = "options:\n  secret:" + _suboptions("secret", REQUIRE_SAME) + "  secrets:" + _suboptions("secrets", REQUIRE_SAME)
ModuleDocFragment.OLD_SECRETS = "options:\n  old_secrets:" + _suboptions("old_secrets[]", USE_OTHERS)
ModuleDocFragment.SOURCE = "options:\n  source:" + _suboptions("source", REQUIRE_SAME)
ModuleDocFragment.COMPARED = f"""
options:
  locations:{_suboptions("locations[]", COMPARE)}
      required:
        description: Whether a missing value is a difference.
        type: bool
        default: true
      check_former:
        description:
          - Whether to report which locations have a value that was overwritten in this key, by this collection, and is kept in the Secret
            C(<name>-former). Needs the verb C(get) on that Secret.
        type: bool
        default: false
"""
