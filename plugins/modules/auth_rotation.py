#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_rotation
short_description: Takes Better Auth's secret from one stage of its rotation to the next
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - A rotation of C(BETTER_AUTH_SECRET) that breaks no token goes by stages. The new secret joins C(BETTER_AUTH_SECRETS) behind the old one
    (V(adopt)), becomes the first of it (V(switch)), everything that is encrypted is brought under it, and the old one goes (V(drop)).
    Before each stage every signer has to run with the one before, as only neighbouring stages read what each other write.
  - This module looks at the Secret and at the running signers, says which steps are still to be done, and writes those that are a change of
    the Secret. Restarts (V(restart)), encrypting anew (V(reencrypt)) and copies in other Secrets (V(spread)) are done by
    M(runbook.minikube.rollout), M(runbook.minikube.auth_reencrypt) and M(runbook.minikube.secret_copy).
    C(rotate_secret.yml) puts them together.
  - The stage is read off the Secret itself, and a generated secret is in it before anything uses it. So a rotation that was cut off
    anywhere goes on from there with the next run.
  - An application that does not know versions, such as one with Better Auth 1.3, has one secret at a time. Its rotation (V(replace)) has
    a window in which nobody gets a token, so it is refused without O(accept_interruption). The old secret stays in O(former_key) until
    nothing lies under it.
  - Each write replaces only what was looked at. Where somebody else wrote meanwhile it is looked at again.
  - The user needs C(get) and C(patch) on the C(secret), C(get) on the workloads of O(signers), C(list) on C(pods), and C(get) and
    C(create) on C(pods/exec).
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
options:
  namespace:
    description: Namespace of the Secret and of the workloads.
    type: str
    default: default
  secret:
    description: Name of the Secret from which the signers take C(BETTER_AUTH_SECRET).
    type: str
    required: true
  key:
    description: Its key for C(BETTER_AUTH_SECRET).
    type: str
    required: true
  list_key:
    description:
      - Its key for C(BETTER_AUTH_SECRETS), which the signers take as an optional one. It need not be there.
    type: str
    required: true
  former_key:
    description:
      - Its key for the old secret during a rotation without versions. It need not be there.
    type: str
    required: true
  signers:
    description:
      - The workloads that sign tokens with Better Auth, usually the frontend. What only verifies tokens is none of them.
    type: list
    elements: dict
    required: true
    suboptions:
      workload:
        description: Kind and name of a Deployment, StatefulSet or DaemonSet, for example V(Deployment/frontend).
        type: str
        required: true
      container:
        description: The container that signs. By default those that have the secret.
        type: str
  step:
    description:
      - The step to write. Nothing is changed where it has been written, and it is refused where another one comes first.
      - Before V(drop), RV(ignore:old_droppable) of M(runbook.minikube.auth_reencrypt) has to be true, which this module does not look at.
      - Without it nothing is changed.
    type: str
    choices: [adopt, switch, drop, replace, finish]
  new:
    description:
      - The new secret, of at least 32 characters, without a comma. It is never shown. By default one of 48 letters and digits is generated.
      - A rotation that has not ended goes to the secret that it began with; another one is refused.
    type: str
  versioned:
    description:
      - Whether the Better Auth of the signers reads C(BETTER_AUTH_SECRETS). By default the files of a running container are looked through
        for it with the C(node) of that container.
    type: bool
  accept_interruption:
    description: Rotates without versions where the application does not know them.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Reports the stage and the versions; no values.
    support: full
  idempotent:
    description: A second run with the same step changes nothing, until a rotation has ended and the next one can begin.
    support: full
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
seealso:
  - module: runbook.minikube.auth_reencrypt
  - module: runbook.minikube.jwks_info
  - module: runbook.minikube.rollout
"""

EXAMPLES = r"""
- name: See where a rotation stands
  runbook.minikube.auth_rotation: &rotation
    context: runbook
    secret: frontend-secrets
    key: better-auth-secret
    list_key: better-auth-secrets
    former_key: better-auth-secret-former
    signers:
      - workload: Deployment/frontend
  register: rotation

- name: Let every signer know a new secret
  runbook.minikube.auth_rotation:
    <<: *rotation
    step: adopt
  when: "'adopt' in rotation.steps"
"""

RETURN = r"""
stage:
  description:
    - Where the rotation stands. V(rest) (none under way), V(adopted), V(switched) or V(dropped), and V(replaced) without versions.
  returned: success
  type: str
  sample: adopted
steps:
  description: What is still to be done, in its order. For V(rest), a whole rotation.
  returned: success
  type: list
  elements: str
  sample: [restart, switch, restart, reencrypt, drop, spread, finish]
restart:
  description: The workloads of signers that run with something else than the Secret holds.
  returned: success
  type: list
  elements: str
  sample: [Deployment/frontend]
versioned:
  description: Whether the rotation goes by versions.
  returned: success
  type: bool
  sample: true
unversioned_because:
  description: Why it does not.
  returned: success
  type: str
  sample: ""
current_version:
  description: The version of C(BETTER_AUTH_SECRETS) in force, null where there is none.
  returned: success
  type: int
  sample: 1
interruption:
  description: In stage V(replaced), the seconds since the first pod with the new secret became ready, null otherwise.
  returned: success
  type: int
  sample: 21
missing_permissions:
  description: What the user may not do and would have to.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - patch secrets/frontend-secrets
"""

from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.run import advance, look
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.stages import WRITES
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.wish import Wish
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule
from ansible_collections.runbook.minikube.plugins.module_utils.secrets.apply import random_text

ARGUMENT_SPEC = {
    "namespace": {"type": "str", "default": "default"},
    "secret": {"type": "str", "required": True, "no_log": False},
    "key": {"type": "str", "required": True, "no_log": False},
    "list_key": {"type": "str", "required": True, "no_log": False},
    "former_key": {"type": "str", "required": True, "no_log": False},
    "signers": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"workload": {"type": "str", "required": True}, "container": {"type": "str"}},
    },
    "step": {"type": "str", "choices": list(WRITES)},
    "new": {"type": "str", "no_log": True},
    "versioned": {"type": "bool"},
    "accept_interruption": {"type": "bool", "default": False},
}
WISHED = [name for name in ARGUMENT_SPEC if name != "step"]


def main():
    module = RunbookModule(ARGUMENT_SPEC)
    wish, step = Wish(**{name: module.params[name] for name in WISHED}), module.params["step"]
    with module.clear_failures():
        if step:
            before, after, changed = advance(module.cluster, wish, step, random_text, module.hide, module.check_mode)
        else:
            before, changed = look(module.cluster, wish, module.hide), False
            after = before
    module.exit_json(changed=changed, **after.report(), diff={"before": before.diff(), "after": after.diff()})


if __name__ == "__main__":
    main()
