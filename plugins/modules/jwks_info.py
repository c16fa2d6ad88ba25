#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: jwks_info
short_description: Says which of Better Auth's signing keys the application can still read
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Reads the table C(jwks) of an application with Better Auth's C(jwt) plugin, and tries each private key with the application's secret.
  - After a change of C(BETTER_AUTH_SECRET) the newest key can't be decrypted, and every token and session check fails
    with HTTP status 500, while C(/api/auth/jwks) still answers 200. Only the keys themselves tell, so they are tried.
  - Keys are tried on the host where the module runs. No secret is sent to a pod or to the database, and nothing of a secret or of a
    private key is in the result.
  - Nothing is changed. The database is read in transactions that can't write.
  - The user needs, depending on the options, C(get) on C(secrets), C(get) on C(deployments), C(statefulsets), C(daemonsets) and C(services),
    C(list) on C(pods), C(get) and C(create) on C(pods/exec) and on C(pods/portforward); in the database C(SELECT) on the table of keys and,
    where they are there, on C("twoFactor") and C(account).
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.read_only
  - runbook.minikube.auth_keys
  - runbook.minikube.database
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
  - PyNaCl >= 1.5.0
  - psycopg2 >= 2.9.10 (not for O(database.via=pod))
seealso:
  - module: runbook.minikube.jwks_cleanup
  - module: runbook.minikube.secret_compare
"""

EXAMPLES = r"""
- name: See whether the frontend can sign with its keys
  runbook.minikube.jwks_info:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    signers:
      - workload: Deployment/frontend
  register: auth

- name: Stop where nobody can sign in
  ansible.builtin.assert:
    that: auth.sign_in != 'broken'
    fail_msg: "Keys that can't be read: {{ auth.signing_keys | selectattr('state', 'equalto', 'unreadable') | map(attribute='id') | join(', ') }}"

- name: Judge by the secret that is stored, with the names of a table made by Prisma, from inside the frontend's pod
  runbook.minikube.jwks_info:
    context: runbook
    database: {workload: Deployment/frontend}
    secret: {secret: frontend-secrets, key: better-auth-secret}
    columns: {publicKey: public_key, privateKey: private_key, createdAt: created_at}
"""

RETURN = r"""
signing_keys:
  description: The keys, newest first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The key's id, which is the C(kid) of tokens that it signed.
      type: str
      returned: always
      sample: Xot8fPNW4IDap7NjxUazKt2GbzvdNHYk
    alg:
      description: The algorithm, where the table has a column for it.
      type: str
      returned: always
      sample: EdDSA
    created_at:
      description: When it was made, in UTC.
      type: str
      returned: always
      sample: "2025-03-01 12:00:00.123+00"
    expires_at:
      description: When it is or was taken out of use, in UTC.
      type: str
      returned: always
      sample: "2025-04-01 12:00:00+00"
    expired:
      description: Whether that is past, by the database's clock.
      type: bool
      returned: always
      sample: false
    form:
      description: How the private key is stored. V(bare), V(envelope) (with the version of a secret), V(unencrypted) or V(malformed).
      type: str
      returned: always
      sample: bare
    version:
      description: The version of the secret in an envelope.
      type: int
      returned: always
      sample: 2
    state:
      description:
        - V(readable), V(unreadable), V(unencrypted) (in an application that encrypts its keys) or V(malformed).
      type: str
      returned: always
      sample: unreadable
    usable:
      description: Whether the application could sign with it.
      type: bool
      returned: always
      sample: false
    signs:
      description: Whether it is the one that the application signs with, the newest that has not expired.
      type: bool
      returned: always
      sample: true
    reason:
      description: Why it is not usable.
      type: str
      returned: always
      sample: it was encrypted with another secret
counts:
  description: How many keys there are in each state.
  returned: success
  type: dict
  sample:
    readable: 1
    unreadable: 1
    unencrypted: 0
    malformed: 0
sign_in:
  description:
    - V(works), V(broken) (the key that signs can't be used), or V(new_key) (there is none in use, and the next token makes one).
  returned: success
  type: str
  sample: broken
can_retire:
  description: Whether the table has the column C(expiresAt), so that a key can be taken out of use while its public part is still served.
  returned: success
  type: bool
  sample: true
signers:
  description: The running containers that sign, and whether they have the secret by which the keys were judged.
  returned: success
  type: list
  elements: dict
  contains:
    workload:
      description: Kind and name.
      type: str
      returned: always
      sample: Deployment/frontend
    pod:
      description: Name of the pod.
      type: str
      returned: always
      sample: frontend-5d5f6c8b9-x7x2l
    container:
      description: Name of the container.
      type: str
      returned: always
      sample: frontend
    secret:
      description: V(same), V(different), V(none) or V(unknown).
      type: str
      returned: always
      sample: same
    reason:
      description: Why it is not known.
      type: str
      returned: always
      sample: ""
other_data:
  description:
    - What else lies under the secret, by table and column. It is lost to its owners when the secret is changed and this is not encrypted anew.
    - Session cookies are signed with the secret too, and are in no table.
  returned: success
  type: list
  elements: dict
  sample:
    - table: twoFactor
      column: secret
      values: 3
      readable: 3
      unreadable: 0
      malformed: 0
      plain: 0
open_sessions:
  description:
    - How many sessions have not expired. A change of the secret ends them in browsers, as their cookies are signed with it.
    - Null where there is no table C(session) with Better Auth's names, or where it may not be read.
  returned: success
  type: int
  sample: 12
missing_permissions:
  description: What the user may not do and would have to.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - get pods/exec
"""

from ansible_collections.runbook.minikube.plugins.module_utils.auth.info import info
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import OPTIONS, SHOWN, Intake, libraries
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import names_of
from ansible_collections.runbook.minikube.plugins.module_utils.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule


def main():
    module = RunbookModule(OPTIONS, shown=SHOWN, libraries=libraries)
    params = module.params
    intake = Intake(module)
    with module.clear_failures():
        names = names_of(params["table"], params["schema"], params["columns"])
        given = intake.secrets()
        with open_database(lambda: module.cluster, params["namespace"], intake.database, params["schema"], module.hide) as database:
            found = info(database, names, given, params["private_keys"])
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
