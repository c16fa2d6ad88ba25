# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of every module that looks at Better Auth's keys."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share."""

    DOCUMENTATION = r"""
options:
  namespace:
    description: Namespace of the Secrets, Services and workloads that are named.
    type: str
    default: default
  secret:
    description:
      - Where the value of C(BETTER_AUTH_SECRET) stands.
      - Without O(secret) and O(secrets), the secret with which all of O(signers) run is taken.
    type: dict
    suboptions: &place
      secret:
        description: Name of a Secret. Needs its key.
        type: str
      config_map:
        description: Name of a ConfigMap. Needs its key.
        type: str
      key:
        description: The key in the Secret or ConfigMap.
        type: str
      readers:
        description: Requires that every running container that reads this key has the same value.
        type: bool
        default: false
      workload:
        description: Kind and name of a workload whose running containers have the value. Needs the variable in C(env).
        type: str
      container:
        description: The container of the workload. By default those that have the variable.
        type: str
      env:
        description: The environment variable of the workload.
        type: str
      file:
        description: Path of a file on the host where the module runs. Its whole content counts.
        type: path
      value:
        description: The value itself. It is never shown.
        type: str
      namespace:
        description: Namespace of this place.
        type: str
  secrets:
    description: Where the value of C(BETTER_AUTH_SECRETS) stands, for example of V(2:newest,1:older).
    type: dict
    suboptions: *place
  signers:
    description:
      - The workloads that sign tokens with Better Auth, usually the frontend. What only verifies tokens is none of them.
    type: list
    elements: dict
    default: []
    suboptions:
      workload:
        description: Kind and name of a Deployment, StatefulSet or DaemonSet, for example V(Deployment/frontend).
        type: str
        required: true
      container:
        description: The container that signs. By default those that have the secret.
        type: str
  private_keys:
    description: How the application stores private keys. V(unencrypted) is Better Auth's option C(disablePrivateKeyEncryption).
    type: str
    choices: [encrypted, unencrypted]
    default: encrypted
  table:
    description: Name of the table of keys.
    type: str
    default: jwks
  schema:
    description: Schema of the table. By default the database's search path finds it.
    type: str
  columns:
    description:
      - Names of columns that the application has changed, from Better Auth's name to its own, for example from C(privateKey)
        to C(private_key).
    type: dict
    default: {}
"""
