#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_probe
short_description: Proves that people can sign in, by signing in
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Signs in to Better Auth with an account, has a token signed, shows the token to what verifies it, and signs out, as a browser does.
    Keys that look well in the database prove less, and C(/jwks) proves nothing.
  - Password, cookies and token never leave the module.
  - The account is one that is kept for this, or with O(create) one that is made for the occasion and removed again from the database.
    An address of such an account ends with C(@runbook-probe.invalid), a domain that nobody can have. One that a run left, as it was cut off,
    is removed by the next.
  - With O(create) the user needs what O(database) needs, and in the database C(SELECT) and C(DELETE) on C("user"), C(session) and C(account).
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - runbook.minikube.database
options:
  url:
    description: Where Better Auth answers, for example V(http://192.168.49.2:30300/api/auth).
    type: str
    required: true
  verify_url:
    description: A URL that answers 401 without a token, and 200 with one. Without it the token is not shown to anybody.
    type: str
  email:
    description: The account's address. It needs O(password).
    type: str
  password:
    description: The account's password. It is never shown.
    type: str
  create:
    description:
      - Makes an account for the occasion where none is given. The application may act on a new account as on any other, by a mail for example,
        so it has to be allowed. It needs O(database).
    type: bool
    default: false
  validate_certs_of_url:
    description: Whether the certificates of O(url) and O(verify_url) are checked.
    type: bool
    default: true
  namespace:
    description: Namespace of what O(database) names.
    type: str
    default: default
  database:
    required: false
  schema:
    description: Schema of Better Auth's tables. By default the database's search path finds them.
    type: str
attributes:
  check_mode:
    description: Can run without changing anything and report what would be done.
    support: partial
    details: In check mode nobody signs in, and the task is skipped.
  diff_mode:
    description: Reports what changed.
    support: none
    details: Nothing is different afterwards.
  idempotent:
    description: A second run changes nothing.
    support: full
requirements:
  - python >= 3.11
  - kubernetes >= 31.0.0 (with O(create))
  - psycopg2 >= 2.9.10 (with O(create), and not for O(database.via=pod))
seealso:
  - module: runbook.minikube.jwks_info
"""

EXAMPLES = r"""
- name: Prove that people can sign in
  runbook.minikube.auth_probe:
    url: http://192.168.49.2:30300/api/auth
    verify_url: http://192.168.49.2:30800/api/tasks
    email: probe@example.org
    password: "{{ probe_password }}"

- name: The same with an account for the occasion
  runbook.minikube.auth_probe:
    context: runbook
    url: http://192.168.49.2:30300/api/auth
    create: true
    database: {secret: backend-api-secrets, key: database-url}
"""

RETURN = r"""
steps:
  description: What was done, in its order, V(sign_up), V(sign_in), V(token), V(verify) and V(sign_out), and how it was answered.
  returned: always
  type: list
  elements: dict
  contains:
    step:
      description: The step.
      type: str
      returned: always
      sample: token
    status:
      description: The HTTP status of the answer.
      type: int
      returned: always
      sample: 200
step:
  description: The step that did not end as it should.
  returned: on failure of a step
  type: str
  sample: token
status:
  description: How it was answered.
  returned: on failure of a step
  type: int
  sample: 500
"""

from ansible_collections.runbook.minikube.plugins.module_utils.auth.probe import (
    Account,
    Probe,
    new_account,
    remove_made,
    removing,
)
from ansible_collections.runbook.minikube.plugins.module_utils.database.connect import OPTION as DATABASE
from ansible_collections.runbook.minikube.plugins.module_utils.database.connect import open_database
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError, ending_with
from ansible_collections.runbook.minikube.plugins.module_utils.libraries import CLUSTER, driver_for
from ansible_collections.runbook.minikube.plugins.module_utils.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "url": {"type": "str", "required": True},
    "verify_url": {"type": "str"},
    "email": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "create": {"type": "bool", "default": False},
    "validate_certs_of_url": {"type": "bool", "default": True},
    "namespace": {"type": "str", "default": "default"},
    "database": {**DATABASE, "required": False},
    "schema": {"type": "str"},
}


SETTINGS = {"required_together": [["email", "password"]], "required_if": [["create", True, ["database"]]]}


def libraries(params):
    """Signing in takes none; making an account takes the database, which may be reached through the cluster."""
    return [*CLUSTER, *driver_for(params["database"])] if params["create"] else []


def main():
    module = RunbookModule(ARGUMENT_SPEC, libraries=libraries, **SETTINGS)
    params = module.params
    if module.check_mode:
        module.exit_json(skipped=True, msg="Nobody signs in in check mode.", steps=[])
    probe = Probe(params["url"], params["verify_url"] or "", module.hide, params["validate_certs_of_url"])
    with module.clear_failures():
        if params["email"]:
            probe.visit(Account(params["email"], params["password"]))
        elif params["create"]:
            visit_with_new_account(module, probe)
        else:
            raise RunbookError("email: no account is named. Give email and password, or set create: true to have one made for the occasion.")
    module.exit_json(changed=False, steps=probe.steps)


def visit_with_new_account(module, probe):
    """Makes an account, and removes it whatever becomes of the visit."""
    params, account = module.params, new_account()
    module.hide([account.password, params["database"]["url"] or ""])
    with open_database(lambda: module.cluster, params["namespace"], params["database"], params["schema"], module.hide) as database:
        database.run(removing(params["schema"]), write=True)  # where it could not be removed, that is told before there is one
        with ending_with(lambda: remove_made(database, params["schema"])):
            probe.visit(account)


if __name__ == "__main__":
    main()
