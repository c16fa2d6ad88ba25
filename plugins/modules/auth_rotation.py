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
    a Secret. The steps V(restart) and V(reencrypt) are done with M(runbook.minikube.rollout) and M(runbook.minikube.auth_reencrypt).
    The playbook C(rotate_secret.yml) runs all of them.
  - Better Auth signs session cookies with the first secret alone. Workloads that verify cookies take the secret from O(copies) in other
    Secrets, which follow in each stage (V(sync_copies)). Those that take C(BETTER_AUTH_SECRETS) from O(copies[].versions_key) get the new
    secret beside the old one before any auth server signs with it, and lose the old one when none does any more. All others get the new secret
    with V(promote), and have to be restarted together with the auth servers. Until that is done they refuse new cookies
    (RV(cookie_outage_workloads)).
  - A value that a step removes or overwrites is first stored in the Secret C(<name>-former), which no workload reads. Nothing is changed if that
    is not possible. Only M(runbook.minikube.auth_reencrypt) with C(state=forgotten) removes such values.
  - The stage is derived from the Secret itself, and a generated secret is stored before anything uses it. So the next run continues an
    interrupted rotation wherever it stopped.
  - An application that does not support versions, such as one with Better Auth 1.3, has one secret at a time. During its rotation
    (V(replace)) there is a time in which token requests fail, so it is refused without O(accept_interruption). The old secret is kept in
    O(previous_secret_key) until no data is encrypted with it.
  - A write replaces only the version of the Secret that was read. If another client wrote in between, the Secret is read again.
  - The user needs C(get) and C(patch) on O(secret), on the Secrets in O(copies), and on that of each for former values, C(create) on C(secrets),
    C(get) on the workloads of O(auth_servers), C(list) on C(pods), and C(get) and C(create) on C(pods/exec).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
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
      - Key of the Secret that holds the old secret during an unversioned rotation. It need not exist. Outside of a rotation it means nothing.
    type: str
    required: true
  auth_servers:
    required: true
  copies:
    description: Other keys of Secrets with the same secret, from which workloads take it that verify session cookies.
    type: list
    elements: dict
    default: []
    suboptions:
      secret:
        description: Name of the Secret.
        type: str
        required: true
      key:
        description: Key for C(BETTER_AUTH_SECRET).
        type: str
        required: true
      versions_key:
        description:
          - Key for C(BETTER_AUTH_SECRETS). It need not exist. Set it if the workloads take it as an optional variable, and accept a session cookie
            that is signed with any of its secrets, or with C(BETTER_AUTH_SECRET).
        type: str
  step:
    description:
      - The step to write. Nothing is changed if it has been written already. The module fails if another step comes first.
      - Before V(remove_old), RV(ignore:old_secret_removable) of M(runbook.minikube.auth_reencrypt) has to be true, which this module does
        not check.
      - Without this option nothing is changed.
    type: str
    choices: [add, sync_copies, promote, remove_old, replace, finish]
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
    description: Reports the stage, the versions and outdated copies; no values.
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
    previous_secret_key: better-auth-secret-previous
    auth_servers:
      - workload: Deployment/frontend
    copies:
      - secret: backend-api-secrets
        key: better-auth-secret
        versions_key: better-auth-secrets
  register: rotation

- name: Add a new secret
  runbook.minikube.auth_rotation:
    <<: *rotation
    step: add
  when: "'add' in rotation.steps"

- name: Give it to the workloads that verify cookies
  runbook.minikube.auth_rotation:
    <<: *rotation
    step: sync_copies
  register: rotation

- name: Restart all that run with something else
  runbook.minikube.rollout:
    context: runbook
    workloads: "{{ rotation.restart_required | runbook.minikube.workload_refs }}"
    restart: always
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
  sample: [restart, promote, sync_copies, restart, reencrypt, remove_old, sync_copies, restart, finish]
restart_required:
  description: The workloads, auth servers and others, that run with something else than this stage requires.
  returned: success
  type: list
  elements: str
  sample: [Deployment/backend-api, Deployment/frontend]
unmanaged:
  description: Bare pods and pods of Jobs that do so. They have to be recreated manually.
  returned: success
  type: list
  elements: str
  sample: []
unknown:
  description: Workloads with a container that takes the secret, and in which its value could not be read. They have to be restarted as well.
  returned: success
  type: list
  elements: str
  sample: []
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
cookie_outage_workloads:
  description:
    - Workloads that take one secret at a time. They refuse new session cookies from the moment when the first auth server signs with the new
      secret until they are restarted with it.
  returned: success
  type: list
  elements: str
  sample: []
cookie_outage_seconds:
  description: The seconds since the new secret became the one that signs, null if there are no such workloads, or not in a rotation.
  returned: success
  type: int
  sample: 24
cookies_refused_by:
  description: Workloads that now refuse cookies of one of the running auth servers.
  returned: success
  type: list
  elements: str
  sample: []
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

SETTINGS: dict = {"writes": True}


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
