#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: request_duplicates_info
short_description: Report rows that one request created twice
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - An agent or a client that repeats a call creates a second row with an ID of its own, such as a second task with the same title. The
    module finds rows with the same values in O(columns) within O(window) seconds, and reports how each came to be created, from the
    time between the two.
  - Nothing is removed, as a user may want two such rows.
  - Depending on the options, the user needs C(get) on C(secrets), C(deployments), C(statefulsets), C(daemonsets) and C(services),
    C(list) on C(pods), C(get) and C(create) on C(pods/exec) and on C(pods/portforward); in the database C(SELECT) on the table.
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.cluster
  - runbook.minikube.attributes.read_only
  - runbook.minikube.database
options:
  table:
    description: The table.
    type: str
    required: true
  schema:
    description: The schema of the table. By default the first one of the database user's search path that has the table.
    type: str
  columns:
    description: The columns that are equal in both rows. Upper and lower case, and spaces at both ends, make no difference.
    type: list
    elements: str
    required: true
  time_column:
    description: The column with the time at which the row was created.
    type: str
    default: created_at
  window:
    description: Seconds within which a second row is a duplicate.
    type: float
    default: 60
  client_timeout:
    description: Seconds after which a client repeats a call that was not answered. See RV(kinds).
    type: float
    default: 30
  namespace:
    description: Namespace of the Secrets, Services and workloads in the other options.
    type: str
    default: default
requirements:
  - PostgreSQL >= 12
seealso:
  - module: runbook.minikube.event_dedup
"""

EXAMPLES = r"""
- name: Report tasks that one chat request created twice
  runbook.minikube.request_duplicates_info:
    context: runbook
    database: {secret: backend-api-secrets, key: database-url}
    table: task
    columns: [user_id, title]

- name: Report orders that a client repeated after its time-out of 10 s
  runbook.minikube.request_duplicates_info:
    context: runbook
    database: {workload: Deployment/backend-api}
    table: orders
    columns: [customer, item]
    time_column: ordered_at
    client_timeout: 10
"""

RETURN = r"""
table:
  description: Schema and name of the table.
  returned: success
  type: str
  sample: public.task
row_count:
  description: Number of rows that were created a second time.
  returned: success
  type: int
  sample: 1
rows:
  description: The first 100 of these rows.
  returned: success
  type: list
  elements: dict
  contains:
    row:
      description: The row, by primary key, else by place (C(ctid)).
      type: str
      returned: always
      sample: id=42
    first:
      description: The row before it with the same values.
      type: str
      returned: always
      sample: id=41
    kind:
      description: How it came to be created. See RV(kinds).
      type: str
      returned: always
      sample: double_dispatch
    gap:
      description: Seconds between the two rows.
      type: float
      returned: always
      sample: 0.002
kinds:
  description:
    - Number of rows of each kind. V(double_dispatch) within 0.1 s, as by two calls of one request; V(retry_after_timeout) about
      O(client_timeout) later; V(repeated_call) at another time, as when the model calls a tool a second time.
  returned: success
  type: dict
  sample: {double_dispatch: 1}
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.options import libraries
from ansible_collections.runbook.minikube.plugins.module_utils._internal.dedup.requests import ARGUMENT_SPEC, RequestOptions, find_requests
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

SETTINGS: dict = {"libraries": libraries}


def run(module):
    """Ends by exit_json or fail_json."""
    with module.clear_failures():
        options = RequestOptions.of(module.params)
        with open_database(lambda: module.cluster, options.namespace, options.database, options.schema, module.hide) as database:
            result = find_requests(database, options)
    module.exit_json(**result)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
