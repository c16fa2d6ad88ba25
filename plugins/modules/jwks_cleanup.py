#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: jwks_cleanup
short_description: Retire or delete signing keys that Better Auth can't decrypt, and restore them
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - After a change of C(BETTER_AUTH_SECRET) the newest key of the table C(jwks) can't be decrypted, and nobody can sign in. Once that key
    is retired or deleted, the next token request creates a new one, without a restart.
  - Keys that the application can decrypt are kept, and so are unencrypted ones. Malformed ones are reported, and kept unless O(malformed)
    is set.
  - A key is retired if the table has a column C(expiresAt), as that of Better Auth 1.4 and later has. It then signs no more, while its
    public part is still served, so that every token that it signed is still accepted. Only if the table has no such column, or if
    O(action=delete) is set, keys are deleted, and tokens that they signed are rejected from then on. If a column of another name may
    be C(expiresAt), such as C(expiry), nothing is deleted until it is named in O(columns) or O(action=delete) is set.
  - Whether a key has expired is decided by the application's clock, read from the running auth servers, else from the API server. A
    difference to the database's is reported in RV(clock_skew), and a key is retired at a time that has passed by the application's clock.
  - The running O(auth_servers) decide which secret is correct. A secret that all of them use is accepted, even if it decrypts no key. A
    secret that none of them uses is refused, whatever O(force) is. If the servers differ or their secret can't be read, O(force) is
    required, and so it is for a secret that decrypts no key if no server is given. With O(selection=all) and O(selection=expired) the
    secret does not matter and is not checked. If private keys are stored unencrypted and no secret is given, O(force) is required
    unless at least one key is unencrypted.
  - All changes are made in one transaction. Each statement compares the values that were read before. If another client wrote in
    between, the transaction is rolled back and planned again. Of two concurrent runs, one waits for the other.
  - Every key that changes is stored in O(backup_table) by the same transaction, as its complete row, with its encrypted private key.
  - O(state=restored) restores the rows of a backup byte for byte. It is refused if a key has changed since the cleanup, for example
    because it was re-encrypted, and if a later backup contains a deleted key too, as that one has to be restored first. If the
    application can sign now, and could not with the restored keys, O(force) is required. The backup is kept.
  - Keys are decrypted on the host where the module runs. No secret is sent to a pod or to the database, and the result contains no part
    of a secret or of a private key.
  - Depending on the options, the user needs C(get) on C(secrets), C(deployments), C(statefulsets), C(daemonsets) and C(services),
    C(list) on C(pods), C(get) and C(create) on C(pods/exec) and on C(pods/portforward).
  - In the database the user needs C(SELECT) on the table of keys, C(UPDATE) on its column C(expiresAt) to retire and C(DELETE) on the
    table to delete; C(CREATE) on the schema if there is no backup table yet, else C(SELECT), C(INSERT), C(UPDATE) and C(DELETE) on that
    table. To restore, the user needs C(SELECT) on both tables, and C(UPDATE) on C(expiresAt) or C(INSERT) on the table of keys. Missing
    privileges are reported before anything is changed.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
  - runbook.minikube.auth_keys
  - runbook.minikube.auth_keys.algorithm
  - runbook.minikube.auth_keys.auth_servers
  - runbook.minikube.auth_keys.table
  - runbook.minikube.locations.auth_secrets
  - runbook.minikube.database
options:
  state:
    description:
      - V(present) makes sure that the selected keys are retired or deleted, with a backup of each.
      - V(restored) restores the keys of a backup.
    type: str
    choices: [present, restored]
    default: present
  action:
    description:
      - What to do with the selected keys. By default V(retire) if the table has the column C(expiresAt), and V(delete) if it has none or
        with O(selection=expired).
      - V(retire) skips keys that have expired already. V(delete) deletes those too.
    type: str
    choices: [retire, delete]
  selection:
    description:
      - Which keys to retire or delete. V(unreadable) selects those that the secret does not decrypt, or with
        O(private_keys=unencrypted) the encrypted ones.
      - V(all) selects all keys, readable and malformed ones too. A second run selects keys that the application has created since.
      - V(expired) selects those that expired longer than O(grace_period) ago, readable or not. They are deleted.
    type: str
    choices: [unreadable, all, expired]
    default: unreadable
  malformed:
    description: Whether O(selection=unreadable) includes malformed keys, which no secret decrypts.
    type: bool
    default: false
  grace_period:
    description:
      - Days for which the application serves the public part of an expired key, which is Better Auth's option C(gracePeriod). Only used
        with O(selection=expired).
    type: int
    default: 30
  force:
    description:
      - Whether to continue if the secret is not confirmed by the running servers, if restoring breaks sign-in, or if no key is visible and
        row security applies to the database's user.
    type: bool
    default: false
  backup_table:
    description:
      - Name of the backup table, in the schema of the table of keys. It is created if it does not exist, with row security and without
        privileges for anybody but its owner.
    type: str
    default: runbook_jwks_backup
  backup_id:
    description: The backup to restore with O(state=restored). By default the latest one of the table of keys.
    type: str
  keep_backups:
    description: Number of backups of the table of keys to keep, including the new one. Older ones are deleted when a new one is created.
    type: int
    default: 10
attributes:
  check_mode:
    details: No backup table is created either.
  diff_mode:
    description: Reports the keys that change, by ID, as in use, retired, or absent.
  idempotent:
    details: With O(selection=all), keys that were created between the two runs are selected too.
requirements:
  - PostgreSQL >= 11
seealso:
  - module: runbook.minikube.jwks_info
  - module: runbook.minikube.secret_compare
"""

EXAMPLES = r"""
- name: Retire the keys that the running frontend can't decrypt
  runbook.minikube.jwks_cleanup:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    auth_servers:
      - workload: Deployment/frontend
  register: cleanup

- name: Restore them before the previous secret is used again
  runbook.minikube.jwks_cleanup:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    secret: {secret: frontend-secrets, key: better-auth-secret}
    state: restored
    backup_id: "{{ cleanup.backup_id }}"
  when: cleanup is changed

- name: Delete all keys, so that the next token request creates a new one
  runbook.minikube.jwks_cleanup:
    context: runbook
    database: {workload: Deployment/frontend}
    auth_servers:
      - workload: Deployment/frontend
    selection: all
    action: delete

- name: Delete keys whose grace period is over
  runbook.minikube.jwks_cleanup:
    context: runbook
    database: {workload: Deployment/frontend}
    auth_servers:
      - workload: Deployment/frontend
    selection: expired
    grace_period: 30
"""

RETURN = r"""
retired:
  description: IDs of the keys that were retired, or in check mode would be, newest first.
  returned: success
  type: list
  elements: str
  sample:
    - Xot8fPNW4IDap7NjxUazKt2GbzvdNHYk
removed:
  description: IDs of the keys that were deleted, or in check mode would be, newest first.
  returned: success
  type: list
  elements: str
  sample: []
restored:
  description: IDs of the keys that were restored, or in check mode would be, newest first.
  returned: success
  type: list
  elements: str
  sample: []
backup_id:
  description: The backup that was created or restored. Null if no key was retired or deleted, and in check mode.
  returned: success
  type: str
  sample: 3f1c9a52b7d04e68
backup_table:
  description: Schema and name of the backup table.
  returned: success
  type: str
  sample: public.runbook_jwks_backup
sign_in_before:
  description: As RV(sign_in), before the change.
  returned: success
  type: str
  sample: broken
sign_in:
  description:
    - V(ok), V(broken) (the active key can't be decrypted), or V(no_active_key) (all keys have expired or there is none; the next token
      request creates one), after the change. It is read again after the change, or predicted in check mode.
  returned: success
  type: str
  sample: no_active_key
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
signing_keys:
  description: The keys before the change, newest first.
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
  description: Number of keys in each state before the change.
  returned: success
  type: dict
  sample:
    readable: 1
    unreadable: 1
    unencrypted: 0
    malformed: 0
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
missing_permissions:
  description: Permissions that the user lacks, in the cluster or in the database.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - CREATE on schema public
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.apply import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.options import ARGUMENT_SPEC as CLEANUP_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.options import PRESENT, CleanupOptions
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.cleanup.restore import restore
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.options import ARGUMENT_SPEC as AUTH_SPEC
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.options import REDACT, AuthOptions, libraries, resolve_secrets, with_clock
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

ARGUMENT_SPEC = {**AUTH_SPEC, **CLEANUP_SPEC}
SETTINGS: dict = {"writes": True, "redact": REDACT, "libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        auth = AuthOptions.of(module.params, module.hide)
        options = CleanupOptions.of(module.params, auth)
        resolved = with_clock(lambda: module.cluster, auth, resolve_secrets(lambda: module.cluster, auth, module.hide))
        with open_database(lambda: module.cluster, auth.namespace, auth.database, auth.names.schema, module.hide) as database:
            apply = clean_up if options.state == PRESENT else restore
            result = apply(database, options, resolved, module.check_mode)
    for warning in result.warnings():
        module.warn(warning)
    module.exit_json(**result.report(), diff=result.diff())


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
