#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: event_dedup
short_description: Remove duplicate events from a table, and keep them out with a unique index
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Brokers deliver at least once, so a consumer without a check writes some events twice. The module finds rows with the same event ID
    in a JSON or JSONB column, moves all but the oldest of them to an archive table, and creates a unique index over the expression, so
    that PostgreSQL refuses the next duplicate.
  - Rows without the ID, or with null as ID, are never duplicates. IDs are compared as text, so upper and lower case differ.
  - The same ID with different content is no duplicate. Such rows are reported, and nothing is changed. Compared are all columns but the
    primary key, O(order_by), O(consumer_column) and O(ignored_columns). The number V(1) and the string V("1") are the same ID with different
    content.
  - Rows are moved in batches, each in one transaction that deletes the row and stores it completely in O(archive_table). A row is
    deleted only if it is still the one that was compared, and so is the row that stays. Rows that another client is using are
    skipped and tried again, so that no client waits for longer than one batch.
  - The index is created with C(CREATE UNIQUE INDEX CONCURRENTLY), which blocks no writer. If duplicates arrive in between, they are archived
    too, up to five rounds. An invalid index that an interrupted run left is dropped and created again, and one that another
    session is building is waited for. An index of the same name with another definition is refused. A valid unique index over the
    same expression, of any name, is used as it is.
  - Views, foreign, partitioned and inherited tables are refused with the reason, and so are triggers and rules that react to a change, unless
    O(allow_triggers) is set. Rows that another table refers to by a foreign key are reported like rows with different content.
  - O(state=restored) drops the index and writes archived rows back. A row whose key exists again with different content is not
    overwritten; nothing is changed then.
  - The result names rows by primary key, else by their place (C(ctid)), and contains nothing else of their content.
  - Depending on the options, the user needs C(get) on C(secrets), C(deployments), C(statefulsets), C(daemonsets) and C(services),
    C(list) on C(pods), C(get) and C(create) on C(pods/exec) and on C(pods/portforward).
  - In the database the user must own the table (or be a member of its owner), with C(SELECT), C(UPDATE) and C(DELETE) on it, C(CREATE) on
    the schema, and C(SELECT), C(INSERT), C(UPDATE) and C(DELETE) on the archive table if it exists. To restore, C(INSERT) on the
    table instead of C(UPDATE) and C(DELETE). Missing privileges are reported before anything is changed.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.cluster
  - runbook.minikube.attributes
  - runbook.minikube.database
options:
  state:
    description:
      - V(present) makes sure that the index exists, and archives what it would refuse.
      - V(restored) makes sure that the rows of an archive are in the table, and drops the index for that.
    type: str
    choices: [present, restored]
    default: present
  table:
    description: The table.
    type: str
    required: true
  schema:
    description: The schema of the table. By default the first one of the database user's search path that has the table.
    type: str
  column:
    description: The column with the document. Its type is C(json) or C(jsonb).
    type: str
    default: details
  path:
    description: The keys that lead to the event ID in the document, the outermost first.
    type: list
    elements: str
    default: [event_id]
  operator:
    description:
      - The operator before the last key. An application's query uses the index, and its C(ON CONFLICT) finds it, only if both are written in
        the same way.
      - V(->>) yields text, as in C(details->>'event_id') and C(details->'data'->>'event_id'). V(->) yields JSONB, which distinguishes V(1)
        from V("1"), and to which JSON's null is an ID. V(#>>) yields text by an array, as in C(details#>>'{data,event_id}'), and
        finds elements of arrays by their number.
    type: str
    choices: ['->>', '->', '#>>']
    default: '->>'
  order_by:
    description:
      - The columns that decide which row is the oldest and stays. Rows that are equal there are ordered by their primary key.
      - If the first one is a time, the result has the time between the rows, and the kind of the duplicate that follows from it.
    type: list
    elements: str
    default: [timestamp]
  consumer_column:
    description: A column that names the consumer that wrote the row. If it differs, the kind is V(two_subscriptions).
    type: str
  ignored_columns:
    description: Columns in which duplicates may differ.
    type: list
    elements: str
    default: []
  ignored_keys:
    description: Keys at the top of the document in which duplicates may differ, such as a time of receipt.
    type: list
    elements: str
    default: []
  allow_triggers:
    description: Whether triggers and rules of the table may run. What they write is not archived.
    type: bool
    default: false
  index:
    description: Name of the index, in the schema of the table. By default C(uq_), the table and the last key, such as C(uq_audit_log_event_id).
    type: str
  index_timeout:
    description:
      - Seconds until the creation of the index has to end. It waits for transactions that were open before it. O(database.statement_timeout)
        does not apply to it.
    type: int
    default: 3600
  batch_size:
    description: Largest number of rows of a batch. Batches start with fewer rows, and are smaller while they take long.
    type: int
    default: 5000
  archive_table:
    description:
      - Name of the archive table, in the schema of the table. It is created if it does not exist, with row security and without privileges
        for anybody but its owner. Nothing is deleted from it.
    type: str
    default: runbook_event_archive
  archive_id:
    description: The archive to restore with O(state=restored). By default the latest one of the table.
    type: str
  namespace:
    description: Namespace of the Secrets, Services and workloads in the other options.
    type: str
    default: default
attributes:
  check_mode:
    details: No archive table is created either.
  diff_mode:
    description: Reports the rows that are moved, by primary key, and the index.
requirements:
  - PostgreSQL >= 12
seealso:
  - name: community.postgresql.postgresql_idx
    description: Creates indexes. It regards an invalid index of the name, and one with another definition, as present.
    link: https://docs.ansible.com/ansible/latest/collections/community/postgresql/postgresql_idx_module.html
"""

EXAMPLES = r"""
- name: Remove duplicate events, and keep them out
  runbook.minikube.event_dedup:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    table: audit_log
  register: dedup

- name: Write them back, and drop the index
  runbook.minikube.event_dedup:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    table: audit_log
    state: restored
    archive_id: "{{ dedup.archive_id }}"
  when: dedup.archive_id is truthy

- name: Show the duplicates of a nested id, without changing anything
  runbook.minikube.event_dedup:
    context: runbook
    database: {workload: Deployment/backend-api}
    table: inbox
    column: envelope
    path: [data, event_id]
    operator: '#>>'
    order_by: [received_at]
  check_mode: true
"""

RETURN = r"""
table:
  description: Schema and name of the table.
  returned: success
  type: str
  sample: public.audit_log
duplicate_count:
  description: Number of rows that were archived, or in check mode would be. With O(state=restored) the number of archived rows to write back.
  returned: success
  type: int
  sample: 1
duplicates:
  description: The first 100 of these rows, by event ID.
  returned: success
  type: list
  elements: dict
  contains:
    event_id:
      description: The event ID, its first 100 characters.
      type: str
      returned: always
      sample: 0b5c1a4e-8f5e-4a53-9f0d-1a2b3c4d5e6f
    row:
      description: The row, by primary key, else by place.
      type: str
      returned: always
      sample: id=42
    kept:
      description: The older row with the same ID, which stays.
      type: str
      returned: always
      sample: id=17
    kind:
      description: How the row came to be written twice. See RV(kinds).
      type: str
      returned: always
      sample: redelivery
    gap:
      description: Seconds between the rows. Null if the first column of O(order_by) is not a time.
      type: float
      returned: always
      sample: 2.041
kinds:
  description:
    - Number of rows of each kind. V(double_dispatch) within 0.1 s, as two replicas or connections write it; V(redelivery) later, after the
      broker missed an acknowledgement; V(two_subscriptions) by different consumers, see O(consumer_column); V(unknown) without a time.
  returned: success
  type: dict
  sample: {redelivery: 1}
archive_id:
  description: The archive that was created or restored. Null if no row was archived, and in check mode.
  returned: success
  type: str
  sample: 3f1c9a52b7d04e68
archive_table:
  description: Schema and name of the archive table.
  returned: success
  type: str
  sample: public.runbook_event_archive
batches:
  description: Number of transactions that moved rows to the archive.
  returned: success
  type: int
  sample: 1
longest_batch:
  description: Seconds that the longest of them took, which bounds how long a client had to wait for one of its rows.
  returned: success
  type: float
  sample: 0.043
restored:
  description: Number of rows that were written back, or in check mode would be.
  returned: success
  type: int
  sample: 0
index:
  description: The index, and what was done with it, or in check mode would be.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the index that keeps duplicates out.
      type: str
      returned: always
      sample: uq_audit_log_event_id
    action:
      description: V(none), V(create), V(rebuild) (an invalid one), V(wait) (another session was building it) or V(drop).
      type: str
      returned: always
      sample: create
    definition:
      description: Its definition.
      type: str
      returned: always
      sample: >-
        CREATE UNIQUE INDEX CONCURRENTLY "uq_audit_log_event_id" ON "public"."audit_log" (("details" ->> 'event_id'))
        WHERE ("details" ->> 'event_id') IS NOT NULL
conflicts:
  description: The first 100 rows that share an ID but must not be removed, or that an archived row must not overwrite.
  returned: failure, if there are any
  type: list
  elements: dict
  sample:
    - {event_id: e-7, row: id=9, kept: id=4, kind: redelivery, gap: 2.1, problem: different content}
missing_permissions:
  description: Permissions that the user lacks, in the cluster or in the database.
  returned: when a permission is missing
  type: list
  elements: str
  sample:
    - CREATE on schema public
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.apply import deduplicate
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.options import ARGUMENT_SPEC, PRESENT, DedupOptions, libraries
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.restore import restore
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {"writes": True, "libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = DedupOptions.of(module.params)
        with open_database(lambda: module.cluster, options.namespace, options.database, options.schema, module.hide) as database:
            apply = deduplicate if options.state == PRESENT else restore
            result = apply(database, options, module.check_mode)
    module.exit_json(**result.report(), diff=result.diff())


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
