#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: jwks_info
short_description: Report which of Better Auth's signing keys the application can decrypt
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Reads the table C(jwks) of an application with Better Auth's C(jwt) plugin, and tries to decrypt each private key with the
    application's secret.
  - After a change of C(BETTER_AUTH_SECRET) the newest key can't be decrypted. Every token and session request then fails
    with HTTP status 500, while C(/api/auth/jwks), which serves public keys only, still answers 200.
  - Keys are decrypted on the host where the module runs. No secret is sent to a pod or to the database, and the result contains no part
    of a secret or of a private key.
  - Nothing is changed. The database is read in read-only transactions.
  - Depending on the options, the user needs C(get) on C(secrets), C(deployments), C(statefulsets), C(daemonsets) and C(services),
    C(list) on C(pods), C(get) and C(create) on C(pods/exec) and on C(pods/portforward); in the database C(SELECT) on the table of keys and,
    if they exist, on C("twoFactor") and C(account).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.attributes.read_only
  - runbook.minikube.auth_keys
  - runbook.minikube.auth_keys.algorithm
  - runbook.minikube.auth_keys.auth_servers
  - runbook.minikube.auth_keys.table
  - runbook.minikube.locations.auth_secrets
  - runbook.minikube.database
seealso:
  - module: runbook.minikube.jwks_cleanup
  - module: runbook.minikube.secret_compare
"""

EXAMPLES = r"""
- name: Check whether the frontend can decrypt its signing key
  runbook.minikube.jwks_info:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    auth_servers:
      - workload: Deployment/frontend
  register: auth

- name: Fail if nobody can sign in
  ansible.builtin.assert:
    that: auth.sign_in != 'broken'
    fail_msg: "Keys that can't be decrypted: {{ auth.signing_keys | selectattr('state', 'equalto', 'unreadable') | map(attribute='id') | join(', ') }}"

- name: Evaluate the keys with the stored secret, in a table with column names of Prisma, through the frontend's pod
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
      description: ID of the key, which is the C(kid) of tokens signed with it.
      type: str
      returned: always
      sample: Xot8fPNW4IDap7NjxUazKt2GbzvdNHYk
    alg:
      description: Algorithm, where the table has a column for it.
      type: str
      returned: always
      sample: EdDSA
    created_at:
      description: Time of creation, in UTC.
      type: str
      returned: always
      sample: "2025-03-01 12:00:00.123+00"
    expires_at:
      description: Time of expiry, in UTC. A retired key has expired.
      type: str
      returned: always
      sample: "2025-04-01 12:00:00+00"
    expired:
      description: Whether it has expired, by the application's clock.
      type: bool
      returned: always
      sample: false
    form:
      description: Format of the private key. V(bare), V(envelope) (with the version of a secret), V(unencrypted) or V(malformed).
      type: str
      returned: always
      sample: bare
    version:
      description: Version of the secret in an envelope.
      type: int
      returned: always
      sample: 2
    state:
      description:
        - V(readable), V(unreadable), V(unencrypted) (in an application that encrypts its keys) or V(malformed).
      type: str
      returned: always
      sample: unreadable
    decryptable:
      description: Whether the application can sign with it.
      type: bool
      returned: always
      sample: false
    active:
      description: Whether it is the key that the application signs with. See O(algorithm).
      type: bool
      returned: always
      sample: true
    reason:
      description: Why it is not decryptable.
      type: str
      returned: always
      sample: it was encrypted with a different secret
counts:
  description: Number of keys in each state.
  returned: success
  type: dict
  sample:
    readable: 1
    unreadable: 1
    unencrypted: 0
    malformed: 0
sign_in:
  description:
    - V(ok), V(broken) (the active key can't be decrypted), or V(no_active_key) (all keys have expired or there is none; the next token
      request creates one).
  returned: success
  type: str
  sample: broken
can_retire:
  description: Whether the table has the column C(expiresAt), so that a key can be retired while its public part is still served.
  returned: success
  type: bool
  sample: true
clock_skew:
  description:
    - Seconds that the database's clock is ahead of the application's, which decides whether a key has expired. V(0) if they agree.
    - Null if only the database's clock is known, because no auth server was given and nothing was read from the cluster.
  returned: success
  type: int
  sample: 0
row_security:
  description: Whether row security of the table applies to the database's user, so that keys may be hidden from it.
  returned: success
  type: bool
  sample: false
auth_servers:
  description: The running auth servers, and whether they use the secret that the keys were evaluated with.
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
      description: Why the secret could not be read.
      type: str
      returned: always
      sample: ""
other_data:
  description:
    - Number of other values that are encrypted with the secret, by table and column. After a change of the secret they are useless until
      they are re-encrypted.
    - Session cookies are signed with the secret too, and are not stored in a table.
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
    - Number of sessions that have not expired. A change of the secret ends them in browsers, as their cookies are signed with it.
    - Null if there is no table C(session) with Better Auth's names, or if it may not be read.
  returned: success
  type: int
  sample: 12
missing_permissions:
  description: Permissions that the user lacks.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - get pods/exec
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.info import read_info
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.options import (
    ARGUMENT_SPEC,
    REDACT,
    AuthOptions,
    libraries,
    resolve_secrets,
    with_clock,
)
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {"redact": REDACT, "libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = AuthOptions.of(module.params, module.hide)
        resolved = with_clock(lambda: module.cluster, options, resolve_secrets(lambda: module.cluster, options, module.hide))
        with open_database(lambda: module.cluster, options.namespace, options.database, options.names.schema, module.hide) as database:
            info, warnings = read_info(database, options, resolved)
    for warning in warnings:
        module.warn(warning)
    module.exit_json(changed=False, **info)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
