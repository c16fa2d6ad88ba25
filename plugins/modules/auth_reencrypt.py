#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_reencrypt
short_description: Brings Better Auth's keys and other encrypted data under a new secret
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Decrypts what lies under an old secret and encrypts it anew under the secret in force, so that the old one can be dropped.
    Private keys in C(jwks), two-factor secrets and backup codes, and OAuth tokens in C(account). A key's id and public part stay,
    so every token that it signed stays valid.
  - Nothing is written that a running signer can't read. An envelope is written only where every container of O(signers) has that version
    with that very secret in C(BETTER_AUTH_SECRETS), a bare text only where it is the C(BETTER_AUTH_SECRET) of all of them.
    Otherwise nothing is changed, and the message says what to do first.
  - A value is replaced only where it is still the one that was read, in transactions of O(batch_size) rows. A row that somebody else
    changed meanwhile is read again. A run that was cut off leaves whole transactions, and the next one goes on from there.
  - What was encrypted is decrypted before it is sent, and read back and decrypted after it was written.
  - Nothing is deleted and there is no backup. The replaced text says the same as the new one, and could be read only with the secret
    that is to be dropped.
  - A value that none of the secrets reads is counted and left, as are malformed values, OAuth tokens stored in plain, and keys stored
    unencrypted.
  - Open one-time codes in C(verification) are left, as they expire by themselves. Session cookies are in no table; they end with the
    step to the new secret, whatever is done here.
  - Values are decrypted on the host where the module runs. No secret is sent to a pod or to the database, and nothing of a secret
    or of a value is in the result.
  - The user needs, depending on the options, C(get) on C(secrets), C(deployments), C(statefulsets), C(daemonsets) and C(services),
    C(list) on C(pods), C(get) and C(create) on C(pods/exec) and on C(pods/portforward); in the database C(SELECT) on the id and the
    encrypted columns of C(jwks), C("twoFactor") and C(account), as far as they are there, and C(UPDATE) on these encrypted columns,
    with O(scope=jwks) on that of C(jwks) alone.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.auth_keys
  - runbook.minikube.database
options:
  old_secrets:
    description:
      - Where secrets stand that may have been used before, each one value as C(BETTER_AUTH_SECRET) has it.
      - The secrets of O(secret), O(secrets) and the running O(signers) are tried anyway, so where the signers still have the old one,
        as in a rotation with versions, it need not be named.
    type: list
    elements: dict
    default: []
    suboptions:
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
        description: Takes the values of the running containers that read this key too.
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
  target:
    description:
      - What values are brought under. V(current) is what the application itself writes with the secrets in force, which is the
        first version of C(BETTER_AUTH_SECRETS), or C(BETTER_AUTH_SECRET) where there are no versions.
      - V(bare) is C(BETTER_AUTH_SECRET) without a version, and a number is that version of C(BETTER_AUTH_SECRETS).
      - Versions need a release of Better Auth that has them, which 1.3 is not; the environment does not show the release.
    type: str
    default: current
  scope:
    description:
      - Which tables are written. With V(jwks) the others are only counted.
    type: str
    choices: [all, jwks]
    default: all
  other_names:
    description:
      - Names of the other tables and of their columns that the application has changed, from Better Auth's name to its own, for example
        from C(twoFactor) to C(two_factor), or from C(twoFactor.backupCodes) to C(backup_codes). See RV(missing).
    type: dict
    default: {}
  batch_size:
    description: Rows that are read at once and written in one transaction, from 1 to 10000.
    type: int
    default: 1000
  force:
    description:
      - Writes although no signer is named, or although what a signer runs with can't be found out.
      - A running signer that is known to be unable to read what would be written is refused nevertheless.
    type: bool
    default: false
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: full
  diff_mode:
    description: Reports counts, and the ids of keys that change; no values.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0
  - PyYAML >= 6.0.1
  - PyNaCl >= 1.5.0
  - psycopg2 >= 2.9.10 (not for O(database.via=pod))
notes:
  - With O(private_keys=unencrypted) the table of keys is left out, as the application reads no encrypted ones.
seealso:
  - module: runbook.minikube.jwks_info
  - module: runbook.minikube.secret_copy
"""

EXAMPLES = r"""
# In a rotation the signers run with BETTER_AUTH_SECRETS=2:new,1:old and BETTER_AUTH_SECRET=old, so they have all that it takes.
- name: Bring everything under the new secret
  runbook.minikube.auth_reencrypt:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    signers:
      - workload: Deployment/frontend
  register: reencrypted

- name: Go on only where nothing needs the old secret any more
  ansible.builtin.assert:
    that: reencrypted.old_droppable
    fail_msg: "{{ reencrypted.left_under_old }} values lie under an old secret, or signers still write with it: {{ reencrypted.signers }}"

- name: Rescue the keys after a change of the secret without versions, where the old one is known
  runbook.minikube.auth_reencrypt:
    context: runbook
    database: {workload: Deployment/frontend}
    signers:
      - workload: Deployment/frontend
    old_secrets:
      - {secret: frontend-secrets-backup, key: better-auth-secret}

- name: See what going back to one secret without versions would do, with the names of tables made by Prisma
  runbook.minikube.auth_reencrypt:
    context: runbook
    database: {workload: Deployment/frontend}
    signers:
      - workload: Deployment/frontend
    target: bare
    columns: {publicKey: public_key, privateKey: private_key, createdAt: created_at}
    other_names: {twoFactor: two_factor, twoFactor.backupCodes: backup_codes}
  check_mode: true
"""

RETURN = r"""
target:
  description: What values were brought under.
  returned: success
  type: dict
  contains:
    form:
      description: V(bare) or V(envelope).
      type: str
      returned: always
      sample: envelope
    version:
      description: The version of the envelope.
      type: int
      returned: always
      sample: 2
tables:
  description: What became of the values, by table and column in Better Auth's names. In check mode, what would become of them.
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: The table.
      type: str
      returned: always
      sample: twoFactor
    column:
      description: The column.
      type: str
      returned: always
      sample: secret
    reencrypted:
      description: Values that were brought under the target.
      type: int
      returned: always
      sample: 3
    already:
      description: Values that were under the target before.
      type: int
      returned: always
      sample: 0
    left:
      description: Values under a known secret that were left, as O(scope) does not include the table.
      type: int
      returned: always
      sample: 0
    unreadable:
      description: Values that none of the secrets reads.
      type: int
      returned: always
      sample: 0
    malformed:
      description: Values that are no encrypted text at all.
      type: int
      returned: always
      sample: 0
    plain:
      description: Values that are not encrypted where that is the application's choice.
      type: int
      returned: always
      sample: 0
missing:
  description:
    - Tables and columns that are not there, in Better Auth's names. An application that calls them otherwise needs O(other_names),
      or their data stays under the old secret.
  returned: success
  type: list
  elements: str
  sample: [twoFactor]
left_under_old:
  description: Values that a known secret reads and that are not under the target.
  returned: success
  type: int
  sample: 0
old_droppable:
  description:
    - Whether the old secrets can be dropped. Nothing that was found is left under them, and every running signer, of which at least one
      was named, writes under the target. In check mode, whether they could be after such a run.
  returned: success
  type: bool
  sample: true
signers:
  description: The running containers that sign, all of which read the target as far as that is known.
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
      description: What it writes. V(target), V(other) (so more values come to lie under another secret), or V(unknown).
      type: str
      returned: always
      sample: target
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
    - UPDATE on "twoFactor" ("secret")
"""

import os

from ansible_collections.runbook.minikube.plugins.module_utils.auth.envelope import NONCE
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt import Work
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_intake import ALL, OPTIONS, SHOWN, ReencryptIntake, libraries
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_report import report
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_run import Run
from ansible_collections.runbook.minikube.plugins.module_utils.auth.reencrypt_tables import find_tables
from ansible_collections.runbook.minikube.plugins.module_utils.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule


def main():
    module = RunbookModule(OPTIONS, shown=SHOWN, libraries=libraries)
    params = module.params
    intake = ReencryptIntake(module)
    with module.clear_failures():
        wish = intake.wish()
        work = Work(wish.target, wish.secrets, lambda: os.urandom(NONCE))
        with open_database(lambda: module.cluster, params["namespace"], intake.database, params["schema"], module.hide) as database:
            tables, missing = find_tables(database, wish.keys, wish.others, params["scope"] == ALL)
            outcome = Run(database, work, params["batch_size"], module.check_mode).over(tables)
        signers = intake.signers_now(wish.target) if outcome.sent else wish.signers
    module.exit_json(**report(outcome, wish.target, signers, missing))


if __name__ == "__main__":
    main()
