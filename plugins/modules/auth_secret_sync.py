#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_secret_sync
short_description: Synchronize Better Auth's secret across Secrets, after trying each value on the keys
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Compares C(BETTER_AUTH_SECRET) in all Secrets that have it, C(BETTER_AUTH_SECRETS) beside it, and what running containers really have, and
    writes the secret in force to all of them.
  - The secret in force is the one that Better Auth signs with. This is the first entry of C(BETTER_AUTH_SECRETS) if there is such a list, else
    C(BETTER_AUTH_SECRET). If the Secrets differ and there is no list, O(source) has to name the correct one.
  - Each value is tried on the signing keys first. One that decrypts fewer keys than another is refused without O(force).
  - Beside a list, C(BETTER_AUTH_SECRET) of the auth servers only decrypts data that was encrypted without a version. It is written only if
    it is not needed for that.
  - Each value that is overwritten, and each that only running containers still have, is added to the Secret C(<name>-former) first, which no
    workload reads. Values in it are never overwritten and do not expire.
  - A Secret that was applied from a manifest with another value is written, with a warning, as the next apply would write that value back.
  - The module restarts nothing. It returns the workloads that need a restart, including those that an interrupted run left behind.
  - An unfinished rotation is reported. While two secrets are in use, the one that signs is written to the copies, and the rotation can continue.
  - The user needs C(get) and C(patch) on the C(secrets) of O(locations), C(get), C(patch) and C(create) for the former values, C(get) on the
    workloads of O(auth_servers), C(list) on C(pods), C(get) and C(create) on C(pods/exec), and the permissions of O(database).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
  - runbook.minikube.auth_keys.algorithm
  - runbook.minikube.auth_keys.auth_servers
  - runbook.minikube.auth_keys.table
  - runbook.minikube.database
options:
  namespace:
    description: Namespace of the Secrets, Services and workloads in the other options.
    type: str
    default: default
  locations:
    description: The keys of Secrets that have C(BETTER_AUTH_SECRET), that of the auth servers first.
    type: list
    elements: dict
    required: true
    suboptions:
      secret:
        description: Name of the Secret.
        type: str
        required: true
      key:
        description: Key of the Secret.
        type: str
        required: true
      versions_key:
        description:
          - Key for a copy of C(BETTER_AUTH_SECRETS), in Secrets after the first. If it exists, it is kept equal to the list, except during a
            rotation, whose steps write it.
        type: str
  versions_key:
    description: Key for C(BETTER_AUTH_SECRETS) in the first of the Secrets. It need not exist.
    type: str
    required: true
  previous_secret_key:
    description: The option of the same name of M(runbook.minikube.auth_rotation).
    type: str
  auth_servers:
    required: true
  source:
    description:
      - Which value is correct, as C(secret/key) of one of O(locations) or of O(versions_key), or V(auth_servers) for what the running auth servers
        sign with.
      - Only needed if the Secrets differ.
    type: str
  force:
    description: Whether to accept a value that decrypts fewer keys than another.
    type: bool
    default: false
attributes:
  diff_mode:
    description: Reports which keys change, with placeholders instead of values.
seealso:
  - module: runbook.minikube.auth_rotation
  - module: runbook.minikube.jwks_cleanup
  - module: runbook.minikube.secret_copy
"""

EXAMPLES = r"""
# If the Secrets differ, source names the correct value, for example source: auth_servers for what the running frontend still has.
- name: Synchronize the secret of the frontend and the backend
  runbook.minikube.auth_secret_sync:
    context: runbook
    locations:
      - {secret: frontend-secrets, key: better-auth-secret}
      - {secret: backend-api-secrets, key: better-auth-secret}
    versions_key: better-auth-secrets
    auth_servers:
      - workload: Deployment/frontend
    database: {secret: backend-api-secrets, key: database-url}
  register: synchronized
"""

RETURN = r"""
source:
  description: The location of the value that was written to all others.
  returned: success
  type: str
  sample: frontend-secrets/better-auth-secret
candidates:
  description: The values that were tried, and how many of the keys in use each decrypts.
  returned: success
  type: list
  elements: dict
  sample:
    - name: frontend-secrets/better-auth-secret
      decryptable_keys: 2
    - name: backend-api-secrets/better-auth-secret
      decryptable_keys: 0
destinations:
  description: The action for each key.
  returned: success
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the Secret.
      type: str
      returned: always
      sample: default
    secret:
      description: Name of the Secret.
      type: str
      returned: always
      sample: backend-api-secrets
    key:
      description: The key.
      type: str
      returned: always
      sample: better-auth-secret
    action:
      description: V(added), V(updated), V(removed) or V(unchanged).
      type: str
      returned: always
      sample: updated
former_values:
  description: Where the values are kept that were overwritten, or that only running containers have.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: default
      secret: backend-api-secrets
      key: better-auth-secret
      former_secret: backend-api-secrets-former
      former_key: better-auth-secret.1
restart_required:
  description:
    - Workloads with a container that has another value than the Secret that it takes it from, and gets it only by a restart.
    - A container that can't be read counts if it started before the value was written.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: default
      workload: Deployment/backend-api
unknown:
  description: Workloads with a container that can't be read, and needs no restart otherwise.
  returned: success
  type: list
  elements: str
  sample: []
rotation_stage:
  description: The stage of M(runbook.minikube.auth_rotation), V(idle) if no rotation is in progress.
  returned: always
  type: str
  sample: idle
versioned:
  description: Whether the auth servers have C(BETTER_AUTH_SECRETS).
  returned: success
  type: bool
  sample: false
can_retire:
  description: Whether the table has the column C(expiresAt), so that a key can be retired while its public part is still served.
  returned: success
  type: bool
  sample: true
sign_in:
  description:
    - As of M(runbook.minikube.jwks_info), once everything runs with the secret, and RV(unreadable_keys) are retired or deleted.
  returned: success
  type: str
  sample: ok
unreadable_keys:
  description: IDs of the keys in use that can't be decrypted then.
  returned: success
  type: list
  elements: str
  sample:
    - Xot8fPNW4IDap7NjxUazKt2GbzvdNHYk
messages:
  description: What to know before anything is restarted, an unfinished rotation, what works today, and which values are kept, in sentences.
  returned: success
  type: list
  elements: str
  sample:
    - "A rotation of the secret is unfinished (stage: promoted). Complete it with rotate_secret.yml, which continues where it stopped."
refusals:
  description: Why nothing was changed, one sentence each.
  returned: when a Secret must not be written
  type: list
  elements: str
  sample:
    - "The Secret backend-api-secrets would have to change, but it is managed by Helm, which would write it back: change it there."
missing_permissions:
  description: The missing permissions.
  returned: when permissions are missing
  type: list
  elements: str
  sample:
    - patch secrets/backend-api-secrets
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.options import libraries
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.apply import synchronize
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.options import ARGUMENT_SPEC, SyncOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.sync.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {"writes": True, "libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = SyncOptions.of(module.params, module.hide)
        auth = options.auth

        def opened():
            return open_database(lambda: module.cluster, auth.namespace, auth.database, auth.names.schema, module.hide)

        plan, kept = synchronize(module.cluster, opened, options, module.hide, module.check_mode)
    for warning in plan.warnings:
        module.warn(warning)
    module.exit_json(**report(plan, kept))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
