#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_reencrypt
short_description: Re-encrypt Better Auth's keys and other data with a new secret
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Decrypts data that is encrypted with an old secret and encrypts it with the active one, so that the old secret can be removed.
    This covers private keys in C(jwks), two-factor secrets and backup codes, and OAuth tokens in C(account). The ID and public part of a
    key do not change, so every token that it signed stays valid.
  - Nothing is written that a running auth server can't decrypt. An envelope is written only if every container of O(auth_servers) has that
    version with the same secret in C(BETTER_AUTH_SECRETS), a bare text only if it is the C(BETTER_AUTH_SECRET) of all of them.
    Otherwise nothing is changed, and the message says what to do first.
  - A value is replaced only if it is unchanged since it was read, in transactions of O(batch_size) rows. A row that another client
    changed in between is read again. An interrupted run leaves whole transactions, and the next one continues from there.
  - Each new value is decrypted before it is sent, and read back and decrypted after it was written.
  - Nothing is deleted and there is no backup. The replaced value has the same plaintext as the new one, and could be decrypted only with
    the secret that is to be removed.
  - A value that none of the secrets decrypts is counted and left unchanged, as are malformed values, OAuth tokens stored in plain text,
    and keys stored unencrypted.
  - Afterwards all other columns of texts, JSON, C(bytea) and composite types are searched for values that an old secret decrypts, see
    RV(elsewhere), and columns that are re-encrypted for values that contain more than an encrypted text. The server filters what looks like
    one; of C(bytea) everything up to 25,000 bytes is read, and columns with longer values are in RV(unscanned). Expired rows of
    C(verification), columns of extensions and other databases are left out.
  - Pending one-time codes in C(verification) are left unchanged, as they expire by themselves. Until then RV(old_secret_removable) is
    false if they are encrypted. Session cookies are not stored in a table; they end when the application switches to the new secret.
  - Values are decrypted on the host where the module runs. No secret is sent to a pod or to the database, and the result contains no part
    of a secret or of a value.
  - Depending on the options, the user needs C(get) on C(secrets), C(deployments), C(statefulsets), C(daemonsets) and C(services),
    C(list) on C(pods), C(get) and C(create) on C(pods/exec) and on C(pods/portforward); in the database C(SELECT) on the ID and the
    encrypted columns of C(jwks), C("twoFactor") and C(account), as far as they exist, and C(UPDATE) on these encrypted columns,
    with O(scope=jwks) on that of C(jwks) alone. Tables without C(SELECT) are not searched, and are reported in RV(unscanned).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
  - runbook.minikube.auth_keys
  - runbook.minikube.auth_keys.auth_servers
  - runbook.minikube.auth_keys.table
  - runbook.minikube.locations.auth_secrets
  - runbook.minikube.locations.old_secrets
  - runbook.minikube.database
options:
  old_secrets:
    description:
      - Locations of secrets that may have been used before, each with one value in the format of C(BETTER_AUTH_SECRET).
      - The secrets of O(secret), O(secrets) and the running O(auth_servers) are always tried, so if the auth servers still have the old
        one, as in a versioned rotation, it need not be set.
      - A list in the format of C(BETTER_AUTH_SECRETS) counts as all its secrets.
    type: list
    elements: dict
    default: []
  state:
    description:
      - V(present) re-encrypts. V(forgotten) removes the former values that O(old_secrets) names in Secrets C(<name>-former), and re-encrypts
        nothing. It is refused while RV(old_secret_removable) is false, a value is encrypted with one of them anywhere, also in a backup table of
        M(runbook.minikube.jwks_cleanup), or one of them is in use. There is no way back.
      - V(forgotten) needs C(get) and C(patch) on these Secrets. A key that does not exist is no error.
    type: str
    choices: [present, forgotten]
    default: present
  version:
    description:
      - The version to encrypt with. V(current) is the one that the application itself encrypts with, which is the first version of
        C(BETTER_AUTH_SECRETS), or C(BETTER_AUTH_SECRET) if there are no versions.
      - V(none) is C(BETTER_AUTH_SECRET) without a version, and a number is that version of C(BETTER_AUTH_SECRETS).
      - Versions require a release of Better Auth that supports them, which 1.3 does not; the environment does not show the release.
    type: str
    default: current
  scope:
    description:
      - Which tables to write. With V(jwks) values in other tables are only counted.
    type: str
    choices: [all, jwks]
    default: all
  table_names:
    description:
      - Renamed tables beside C(jwks), from Better Auth's name to the application's, for example C(twoFactor) to C(second_factors).
      - A table that is not named here is found by Better Auth's name or in snake case, for example C(two_factor).
    type: dict
    default: {}
  column_names:
    description:
      - Renamed columns of these tables, from Better Auth's name to the application's, for example C(twoFactor.backupCodes) to
        C(codes). A column that is not named here is found by Better Auth's name or in snake case.
    type: dict
    default: {}
  additional_columns:
    description:
      - Other columns whose values the application encrypts with the secret, as V(table.column) in the names of the database. They are
        re-encrypted too. The columns must be of types of texts. A value that is not an encrypted text is left unchanged.
      - RV(elsewhere) names columns to consider. The table needs a primary key C(id).
    type: list
    elements: str
    default: []
  unused:
    description:
      - Tables and columns of RV(missing) that the application does not use, for example V(twoFactor) for one without two-factor sign-in.
      - A missing table may have been renamed. Until it is named in O(table_names) or here, RV(old_secret_removable) is false.
    type: list
    elements: str
    default: []
  unscanned:
    description:
      - Tables and columns that are not searched for encrypted values, as V(schema.table) or V(schema.table.column), because you know that
        they contain none. What could not be searched is in RV(unscanned), and RV(old_secret_removable) is false until it is listed here.
    type: list
    elements: str
    default: []
  scan_timeout:
    description:
      - Seconds for searching the database for encrypted values in other columns than the known ones. Tables that were not searched by
        then are in RV(unscanned). The search may exceed it by one statement.
    type: int
    default: 300
  batch_size:
    description: Number of rows to read at once and write in one transaction, from 1 to 10000.
    type: int
    default: 1000
  force:
    description:
      - Whether to continue if no auth server is given, or if the secret of a server can't be read.
      - If a running auth server is known to be unable to decrypt what would be written, the module fails nevertheless.
    type: bool
    default: false
attributes:
  diff_mode:
    description: Reports counts, and the IDs of keys that change; no values.
notes:
  - With O(private_keys=unencrypted) the table of keys is left out, as the application can't use encrypted ones.
seealso:
  - module: runbook.minikube.jwks_info
  - module: runbook.minikube.secret_copy
"""

EXAMPLES = r"""
# During a rotation the auth servers have BETTER_AUTH_SECRETS=2:new,1:old and BETTER_AUTH_SECRET=old, which is all that is needed.
- name: Re-encrypt stored data with the new secret
  runbook.minikube.auth_reencrypt:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    auth_servers:
      - workload: Deployment/frontend
    unused: [twoFactor]  # the application has no two-factor sign-in
  register: reencrypted

- name: Fail while the old secret is still needed
  ansible.builtin.assert:
    that: reencrypted.old_secret_removable
    fail_msg: "{{ reencrypted.blockers | join(' ') }}"

- name: Recover the keys after a change of the secret, where the old one is still known
  runbook.minikube.auth_reencrypt:
    context: runbook
    database: {workload: Deployment/frontend}
    auth_servers:
      - workload: Deployment/frontend
    old_secrets:
      - {secret: frontend-secrets-backup, key: better-auth-secret}

- name: Remove a former secret that no data is encrypted with
  runbook.minikube.auth_reencrypt:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    auth_servers:
      - workload: Deployment/frontend
    unused: [twoFactor]
    old_secrets:
      - {secret: frontend-secrets-former, key: better-auth-secret.1}
    state: forgotten

- name: Preview a return to a single secret without versions, with table names of Prisma
  runbook.minikube.auth_reencrypt:
    context: runbook
    database: {workload: Deployment/frontend}
    auth_servers:
      - workload: Deployment/frontend
    version: none
    columns: {publicKey: public_key, privateKey: private_key, createdAt: created_at}
    table_names: {twoFactor: two_factor}
    column_names: {twoFactor.backupCodes: backup_codes}
  check_mode: true
"""

RETURN = r"""
target:
  description: The format and version that values were encrypted with.
  returned: success
  type: dict
  contains:
    form:
      description: V(bare) or V(envelope).
      type: str
      returned: always
      sample: envelope
    version:
      description: Version of the envelope.
      type: int
      returned: always
      sample: 2
tables:
  description: Number of values in each state, by table and column in Better Auth's names. Predicted in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: Name of the table.
      type: str
      returned: always
      sample: twoFactor
    column:
      description: Name of the column.
      type: str
      returned: always
      sample: secret
    reencrypted:
      description: Values that were re-encrypted.
      type: int
      returned: always
      sample: 3
    already_current:
      description: Values that were encrypted with the target before.
      type: int
      returned: always
      sample: 0
    skipped:
      description: Values encrypted with another known secret that were left unchanged, as O(scope) does not include the table.
      type: int
      returned: always
      sample: 0
    unreadable:
      description: Values that none of the secrets decrypts.
      type: int
      returned: always
      sample: 0
    malformed:
      description: Values that are not an encrypted text.
      type: int
      returned: always
      sample: 0
    plain:
      description: Unencrypted values in columns that the application need not encrypt.
      type: int
      returned: always
      sample: 0
missing:
  description:
    - Tables and columns that do not exist, in Better Auth's names. If the application has renamed them, set O(table_names) and
      O(column_names), or their data stays encrypted with the old secret. If it does not use them, set O(unused).
  returned: success
  type: list
  elements: str
  sample: [twoFactor]
elsewhere:
  description:
    - Other columns of the database with values that are encrypted with an old secret. They are left unchanged, as only the application
      knows what they are. Name columns of texts in O(additional_columns) to re-encrypt them. Values in other types, and values that contain
      more than an encrypted text, have to be written again by the application, or deleted.
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: Schema and name of the table.
      type: str
      returned: always
      sample: public.integration
    column:
      description: Name of the column.
      type: str
      returned: always
      sample: credentials
    count:
      description: Number of values.
      type: int
      returned: always
      sample: 4
    backup:
      description:
        - Whether the table is a backup table of M(runbook.minikube.jwks_cleanup). The application does not read it, so it does not prevent
          the removal; but its keys can be used only with the old secret.
      type: bool
      returned: always
      sample: false
unscanned:
  description: Tables and columns that could not be searched for encrypted values, without those in O(unscanned).
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: Schema and name of the table.
      type: str
      returned: always
      sample: billing.invoice
    column:
      description: Name of the column. Null for the whole table.
      type: str
      returned: always
      sample: notes
    reason:
      description: Why it could not be searched.
      type: str
      returned: always
      sample: the database's user has no SELECT privilege
remaining_with_old_secret:
  description: Number of values that an old secret decrypts and that are not encrypted with the target, in backups excepted.
  returned: success
  type: int
  sample: 0
old_secret_removable:
  description:
    - Whether the old secrets can be removed. No value is encrypted with them in the whole database, as far as it was searched or is listed
      in O(unscanned); no known table is missing, but those in O(unused); and every running auth server, of which at least one was given,
      encrypts with the target. In check mode, whether they could be removed after such a run.
  returned: success
  type: bool
  sample: true
blockers:
  description: Why the old secrets can't be removed, each as a sentence with the next step. Empty if they can.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      The table twoFactor was not found. If the application has renamed it, name it in table_names; if it does not use it, list it in unused.
forgotten:
  description: The former values that were removed.
  returned: with O(state=forgotten)
  type: list
  elements: dict
  sample:
    - former_secret: frontend-secrets-former
      former_key: better-auth-secret.1
auth_servers:
  description: The running auth servers, all of which can decrypt the target as far as that is known.
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
    writes:
      description: What it encrypts with. V(target), V(other) (so more values will be encrypted with another secret), or V(unknown).
      type: str
      returned: always
      sample: target
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
    - UPDATE on "twoFactor" ("secret")
"""

import os
from dataclasses import replace

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.ciphertext import NONCE_SIZE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.apply import Reencryption
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.forget import ForgottenKeys, forgotten_result, observe_forgotten
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.observe import observe, observe_again
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.options import ARGUMENT_SPEC, REDACT, ReencryptOptions, libraries
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.plan import ReencryptJob
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.report import report
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.search import search
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.reencrypt.tables import find_tables
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {"writes": True, "redact": REDACT, "libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = ReencryptOptions.of(module.params, module.hide)
        auth = options.auth
        forgotten = ForgottenKeys()
        if options.forgets:
            forgotten = observe_forgotten(module.cluster, auth.namespace, options.old_secrets)
            options = replace(options, old_secrets=[one for one in options.old_secrets if (one.secret, one.key) in forgotten.values])
        observed = observe(lambda: module.cluster, options, module.hide)
        job = ReencryptJob(observed.target, observed.candidates, lambda: os.urandom(NONCE_SIZE))
        with open_database(lambda: module.cluster, auth.namespace, auth.database, auth.names.schema, module.hide) as database:
            found = find_tables(database, options.keys_table, options.other_tables, options.writes_others, options.columns)
            result = Reencryption(database, job, options.batch_size, module.check_mode or options.forgets).run(found.tables)
            searched = search(database, job, found.known, options.unscanned, options.scan_timeout, result)
        servers = observe_again(lambda: module.cluster, options, observed.target) if result.written else observed.auth_servers
        reported = report(result, observed.target, servers, found, searched, options.unused, options.unscanned)
        if options.forgets:
            reported = forgotten_result(module.cluster, auth.namespace, forgotten, reported, observed.in_use, module.check_mode)
    module.exit_json(**reported)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
