#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: jwks_cleanup
short_description: Takes out of use those of Better Auth's signing keys that the application can't read, and puts them back
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - After a change of C(BETTER_AUTH_SECRET) the newest key of the table C(jwks) can't be decrypted, and nobody can sign in. With that key
    out of use, the next token makes a new one, without a restart.
  - Keys that the application reads stay, and so do unencrypted ones. Malformed ones are reported, and stay unless O(malformed) is set.
  - A key is retired where the table has a column C(expiresAt), as that of Better Auth 1.7 has. It then signs no more, while its public part
    is still served, so that every token that it signed is still accepted. Only where the table has no such column, or where O(action)
    says so, keys are deleted, and the tokens that they signed end with them.
  - The running O(signers) decide which secret is right. One that all of them have may clean up, even if it reads no key. One that none of
    them has is refused, whatever O(force) says. Signers that differ or can't be asked need O(force), and so does a secret that
    reads no key where no signer is named. With O(selection=all) and O(selection=expired) the secret decides nothing, so nothing of
    this is asked then. Where private keys are unencrypted and no secret is given, O(force) is needed where not one is so.
  - All changes are one transaction. Each statement compares what was read before. Where somebody else wrote meanwhile, all is rolled back
    and planned anew. Of two runs at once, one waits for the other.
  - Every key that changes is kept in O(backup_table) by the same transaction, as its complete row, with its encrypted private key.
  - O(state=restored) puts the rows of a backup back as they were, byte for byte. It is refused where a key has changed since the cleanup,
    for example as it was encrypted anew, and where a later backup holds a key that is gone, as that one has to go back first. Where the
    application can sign now, and could not with the restored keys, it needs O(force). The backup stays.
  - Keys are tried on the host where the module runs. No secret is sent to a pod or to the database, and nothing of a secret or of a
    private key is in the result.
  - The user needs, depending on the options, C(get) on C(secrets), C(get) on C(deployments), C(statefulsets), C(daemonsets) and
    C(services), C(list) on C(pods), C(get) and C(create) on C(pods/exec) and on C(pods/portforward).
  - In the database it needs C(SELECT) on the table of keys, C(UPDATE) on its column C(expiresAt) to retire and C(DELETE) on the table
    to delete; C(CREATE) on the schema where there is no backup table yet, else C(SELECT), C(INSERT), C(UPDATE) and C(DELETE) on that
    table. To restore, it needs C(SELECT) on both tables, and C(UPDATE) on C(expiresAt) or C(INSERT) on the table of keys. What is missing
    is named before anything is changed.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.auth_keys
  - runbook.minikube.database
options:
  state:
    description: Whether keys are taken out of use, or those of a backup are put back.
    type: str
    choices: [cleaned, restored]
    default: cleaned
  action:
    description:
      - What is done to the keys. By default V(retire) where the table has the column C(expiresAt), and V(delete) where it has none or
        with O(selection=expired).
      - V(retire) leaves keys alone that have expired already. V(delete) takes those too.
    type: str
    choices: [retire, delete]
  selection:
    description:
      - Which keys go. V(unreadable) are those that the secret does not decrypt, or with O(private_keys=unencrypted) the encrypted ones.
      - V(all) are all keys, readable and malformed ones too. What the application makes afterwards counts as well, when it is run again.
      - V(expired) are those that expired longer than O(grace_period) ago, readable or not. They are deleted.
    type: str
    choices: [unreadable, all, expired]
    default: unreadable
  malformed:
    description: Whether O(selection=unreadable) takes malformed keys too, which no secret reads.
    type: bool
    default: false
  grace_period:
    description:
      - Days for which the application serves the public part of an expired key, which is Better Auth's option C(gracePeriod). Only
        O(selection=expired) asks for it.
    type: int
    default: 30
  force:
    description: Whether to go on where it is not certain that the secret is the right one, or where restoring breaks sign-in.
    type: bool
    default: false
  backup_table:
    description:
      - Name of the table, in the schema of the table of keys, that keeps what was taken out of use. It is made where it is missing.
    type: str
    default: runbook_jwks_backup
  backup_id:
    description: The backup that O(state=restored) puts back. By default the latest one of the table of keys.
    type: str
  keep_backups:
    description: How many backups of the table of keys are kept, counting the new one. Older ones are removed when a new one is made.
    type: int
    default: 10
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
    details: No backup table is made either.
  diff_mode:
    description: Reports the keys that change, by id, as in use, retired, or not there.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
    details: With O(selection=all), keys that were made between the two runs are taken too.
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
  - PyNaCl >= 1.5.0
  - psycopg2 >= 2.9.10 (not for O(database.via=pod))
  - PostgreSQL >= 11
seealso:
  - module: runbook.minikube.jwks_info
  - module: runbook.minikube.secret_compare
"""

EXAMPLES = r"""
- name: Take the keys out of use that the running frontend can't read
  runbook.minikube.jwks_cleanup:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    signers:
      - workload: Deployment/frontend
  register: cleaned

- name: Put them back, as the former secret is to be used again
  runbook.minikube.jwks_cleanup:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    secret: {secret: frontend-secrets, key: better-auth-secret}
    state: restored
    backup_id: "{{ cleaned.backup_id }}"
  when: cleaned is changed

- name: Delete all keys, whoever reads them, so that the next token makes a new one
  runbook.minikube.jwks_cleanup:
    context: runbook
    database: {workload: Deployment/frontend}
    signers:
      - workload: Deployment/frontend
    selection: all
    action: delete

- name: Remove keys whose grace period is over
  runbook.minikube.jwks_cleanup:
    context: runbook
    database: {workload: Deployment/frontend}
    signers:
      - workload: Deployment/frontend
    selection: expired
    grace_period: 30
"""

RETURN = r"""
retired:
  description: Ids of the keys that were retired, or in check mode would be, newest first.
  returned: success
  type: list
  elements: str
  sample:
    - Xot8fPNW4IDap7NjxUazKt2GbzvdNHYk
removed:
  description: Ids of the keys that were deleted, or in check mode would be, newest first.
  returned: success
  type: list
  elements: str
  sample: []
restored:
  description: Ids of the keys that were put back, or in check mode would be, newest first.
  returned: success
  type: list
  elements: str
  sample: []
backup_id:
  description: The backup that was made, or restored. It is null where nothing was to be taken out of use, and in check mode.
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
    - V(works), V(broken) (the key that signs can't be used), or V(new_key) (there is none in use, and the next token makes one), after
      the change. It was read again, or in check mode is foretold.
  returned: success
  type: str
  sample: new_key
signing_keys:
  description: The keys before the change, newest first.
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
  description: How many keys there were in each state.
  returned: success
  type: dict
  sample:
    readable: 1
    unreadable: 1
    unencrypted: 0
    malformed: 0
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
missing_permissions:
  description: What the user may not do and would have to, in the cluster or in the database.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - CREATE on schema public
"""

from ansible_collections.runbook.minikube.plugins.module_utils.auth.cleanup import clean_up
from ansible_collections.runbook.minikube.plugins.module_utils.auth.options import OPTIONS, SHOWN, Intake, libraries
from ansible_collections.runbook.minikube.plugins.module_utils.auth.restore import restore
from ansible_collections.runbook.minikube.plugins.module_utils.auth.table import names_of
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import CLEANED, wish_of
from ansible_collections.runbook.minikube.plugins.module_utils.auth.wish import OPTIONS as CLEANUP_OPTIONS
from ansible_collections.runbook.minikube.plugins.module_utils.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule


def main():
    module = RunbookModule({**OPTIONS, **CLEANUP_OPTIONS}, shown=SHOWN, libraries=libraries)
    params = module.params
    intake = Intake(module)
    with module.clear_failures():
        wish = wish_of(params)
        names = names_of(params["table"], params["schema"], params["columns"])
        given = intake.secrets()
        with open_database(lambda: module.cluster, params["namespace"], intake.database, params["schema"], module.hide) as database:
            work = clean_up if wish.state == CLEANED else restore
            outcome = work(database, names, given, params["private_keys"], wish, module.check_mode)
    for warning in outcome.warnings():
        module.warn(warning)
    module.exit_json(**outcome.report(), diff=outcome.diff())


if __name__ == "__main__":
    main()
