#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_rotation
short_description: Manage the rotation of Better Auth's secret, one step at a time
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - A rotation of C(BETTER_AUTH_SECRET) that breaks no token has several stages. The new secret is added to C(BETTER_AUTH_SECRETS) after
    the old one (V(add)), becomes the first of the list (V(promote)), stored data is re-encrypted with it, and the old one is removed
    (V(remove_old)). Before each stage every auth server has to run with the previous one, as only adjacent stages can decrypt what each
    other encrypts.
  - This module reads the Secret and the secrets of the running auth servers, returns the remaining steps, and writes those that change
    the Secret. The steps V(restart), V(reencrypt) and V(sync_copies) (copies in other Secrets) are done with
    M(runbook.minikube.rollout), M(runbook.minikube.auth_reencrypt) and M(runbook.minikube.secret_copy).
    The playbook C(rotate_secret.yml) runs all of them.
  - The stage is derived from the Secret itself, and a generated secret is stored before anything uses it. So the next run continues an
    interrupted rotation wherever it stopped.
  - An application that does not support versions, such as one with Better Auth 1.3, has one secret at a time. During its rotation
    (V(replace)) there is a time in which token requests fail, so it is refused without O(accept_interruption). The old secret is kept in
    O(previous_secret_key) until no data is encrypted with it.
  - A write replaces only the version of the Secret that was read. If another client wrote in between, the Secret is read again.
  - The user needs C(get) and C(patch) on the C(secret), C(get) on the workloads of O(auth_servers), C(list) on C(pods), and C(get) and
    C(create) on C(pods/exec).
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.cluster
  - runbook.minikube.attributes
  - runbook.minikube.auth_keys.auth_servers
options:
  namespace:
    description: Namespace of the Secret and of the workloads.
    type: str
    default: default
  secret:
    description: Name of the Secret from which the auth servers take C(BETTER_AUTH_SECRET).
    type: str
    required: true
  key:
    description: Key of the Secret for C(BETTER_AUTH_SECRET).
    type: str
    required: true
  versions_key:
    description:
      - Key of the Secret for C(BETTER_AUTH_SECRETS), which the auth servers take as an optional variable. It need not exist.
    type: str
    required: true
  previous_secret_key:
    description:
      - Key of the Secret that holds the old secret during an unversioned rotation. It need not exist.
    type: str
    required: true
  auth_servers:
    required: true
  step:
    description:
      - The step to write. Nothing is changed if it has been written already. The module fails if another step comes first.
      - Before V(remove_old), RV(ignore:old_secret_removable) of M(runbook.minikube.auth_reencrypt) has to be true, which this module does
        not check.
      - Without this option nothing is changed.
    type: str
    choices: [add, promote, remove_old, replace, finish]
  new_secret:
    description:
      - The new secret, of at least 32 characters, without a comma. It is never shown. By default one of 48 letters and digits is generated.
      - A rotation in progress can't be given a different secret.
    type: str
  versioned:
    description:
      - Whether the Better Auth release of the auth servers supports C(BETTER_AUTH_SECRETS). By default this is detected by searching the
        files of a running container with the C(node) of that container.
    type: bool
  accept_interruption:
    description: Whether to rotate without versions if the application does not support them.
    type: bool
    default: false
attributes:
  diff_mode:
    description: Reports the stage and the versions; no values.
  idempotent:
    description: A second run with the same step changes nothing, until the rotation is complete and the next one can start.
    support: full
seealso:
  - module: runbook.minikube.auth_reencrypt
  - module: runbook.minikube.jwks_info
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: Read the state of a rotation
  runbook.minikube.auth_rotation: &rotation
    context: runbook
    secret: frontend-secrets
    key: better-auth-secret
    versions_key: better-auth-secrets
    previous_secret_key: better-auth-secret-former
    auth_servers:
      - workload: Deployment/frontend
  register: rotation

- name: Add a new secret for all auth servers
  runbook.minikube.auth_rotation:
    <<: *rotation
    step: add
  when: "'add' in rotation.steps"
"""

RETURN = r"""
stage:
  description:
    - The stage of the rotation. V(idle) (no rotation in progress), V(added), V(promoted) or V(old_removed), or V(replaced) for an
      unversioned one.
  returned: success
  type: str
  sample: added
steps:
  description: The remaining steps in their order. In the stage V(idle), those of a whole rotation.
  returned: success
  type: list
  elements: str
  sample: [restart, promote, restart, reencrypt, remove_old, sync_copies, finish]
restart_required:
  description: The workloads of auth servers that run with something else than the Secret holds.
  returned: success
  type: list
  elements: str
  sample: [Deployment/frontend]
versioned:
  description: Whether the rotation uses versions.
  returned: success
  type: bool
  sample: true
unversioned_reason:
  description: Why it does not.
  returned: success
  type: str
  sample: ""
current_version:
  description: The active version of C(BETTER_AUTH_SECRETS), null if there is none.
  returned: success
  type: int
  sample: 1
outage_seconds:
  description: In the stage V(replaced), the seconds since the first pod with the new secret became ready, null otherwise.
  returned: success
  type: int
  sample: 21
missing_permissions:
  description: Permissions that the user lacks.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - patch secrets/frontend-secrets
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.apply import write_step
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.observe import observe
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.options import ARGUMENT_SPEC, RotationOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils._internal.secrets.apply import random_text

SETTINGS: dict = {}


def run(module):
    """Ends by exit_json or fail_json."""
    options = RotationOptions.of(module.params)
    with module.clear_failures():
        if options.step:
            before, after, changed = write_step(module.cluster, options, options.step, random_text, module.hide, module.check_mode)
        else:
            before, changed = observe(module.cluster, options, module.hide), False
            after = before
    module.exit_json(**report(before, after, changed))


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
