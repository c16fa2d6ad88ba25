#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: auth_probe
short_description: Check that users can sign in, by signing in
version_added: 0.1.0
author:
  - The runbook.minikube authors (@runbook-minikube)
description:
  - Signs in to Better Auth with an account, requests a token, verifies its signature with the public keys that the application serves,
    presents token and cookie to services that verify them, and signs out, as a browser does. A valid key in the database shows less than
    that, and a response of C(/jwks) alone shows nothing.
  - Password, cookies and token never leave the module.
  - The account is a dedicated one (O(email)), or with O(create) a temporary one that is removed from the database afterwards. The address
    of a temporary account ends with C(@runbook-probe.invalid), a reserved domain. One left by an interrupted run is removed by the next.
  - With O(create) the user needs the permissions of O(database), and in the database C(SELECT) and C(DELETE) on C("user"), C(session) and
    C(account).
extends_documentation_fragment:
  - runbook.minikube.connection
  - runbook.minikube.lease
  - runbook.minikube.database
options:
  url:
    description:
      - URL of Better Auth, for example V(http://192.168.49.2:30300/api/auth).
      - A URL of a Service, for example V(http://frontend.default.svc:3000/api/auth), is requested over a forward to a ready pod, which lives as long
        as the task. This applies to all URLs of the module, and needs C(get) on C(services), C(list) on C(pods), and C(get) and C(create) on
        C(pods/portforward).
    type: str
    required: true
  verify_url:
    description: A URL that answers 401 without a token, and 200 with one. Without it no service is asked to accept the token.
    type: str
  cookie_urls:
    description:
      - URLs that answer 401 without a session, and 200 with the cookie of one, of each service that verifies session cookies itself. Such
        a service needs the secret that Better Auth signs cookies with, and a token that it accepts does not show that it has it.
    type: list
    elements: str
    default: []
  jwks_url:
    description: URL of the application's public keys. By default C(/jwks) below O(url).
    type: str
  origin:
    description:
      - The application's own address, that of C(BETTER_AUTH_URL), for example V(https://app.example.org), if O(url) is another one, such
        as that of a NodePort or of a forward. Better Auth refuses requests of other origins. By default the address of O(url), and if that is
        a Service C(http://localhost) with its port, as M(runbook.minikube.port_forward) forwards it.
      - Cookies of an application with an https address are sent to O(url) and O(cookie_urls) even if these are http addresses.
    type: str
  email:
    description: Address of the account. Requires O(password).
    type: str
  password:
    description: Password of the account. It is never shown.
    type: str
  create:
    description:
      - Creates a temporary account if O(email) is not set. The application may react to a new account as to any other, for example by
        sending a mail, so it has to be allowed explicitly. Requires O(database).
    type: bool
    default: false
  url_validate_certs:
    description: Whether to verify the certificates of all URLs.
    type: bool
    default: true
  namespace:
    description: Namespace of the objects that O(database) names.
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
    details: The task is skipped in check mode.
  diff_mode:
    description: Reports what changed.
    support: none
    details: Nothing is changed.
  idempotent:
    description: A second run changes nothing.
    support: full
requirements:
  - python >= 3.11
  - cryptography >= 42.0.0
  - kubernetes >= 31.0.0 (with O(create), or for a URL of a Service)
  - psycopg2 >= 2.9.10 (with O(create), and not for O(database.via=pod))
seealso:
  - module: runbook.minikube.jwks_info
"""

EXAMPLES = r"""
- name: Check that users can sign in
  runbook.minikube.auth_probe:
    url: http://192.168.49.2:30300/api/auth
    verify_url: http://192.168.49.2:30800/api/tasks
    cookie_urls: [http://192.168.49.2:30800/api/tasks]
    email: probe@example.org
    password: "{{ probe_password }}"

- name: Check an application with an https address over its NodePort
  runbook.minikube.auth_probe:
    url: http://192.168.49.2:30300/api/auth
    origin: https://app.example.org
    email: probe@example.org
    password: "{{ probe_password }}"

- name: Check an application without NodePorts
  runbook.minikube.auth_probe:
    context: minikube
    url: http://frontend.default.svc:3000/api/auth
    verify_url: http://backend-api.default.svc:8000/api/tasks
    email: probe@example.org
    password: "{{ probe_password }}"

- name: Check the same with a temporary account
  runbook.minikube.auth_probe:
    context: runbook
    url: http://192.168.49.2:30300/api/auth
    create: true
    database: {secret: backend-api-secrets, key: database-url}
"""

RETURN = r"""
steps:
  description: The steps in their order, V(sign_up), V(sign_in), V(token), V(jwks), V(verify), V(cookie) and V(sign_out), and the HTTP status of each.
  returned: always
  type: list
  elements: dict
  contains:
    step:
      description: Name of the step.
      type: str
      returned: always
      sample: token
    status:
      description: HTTP status of the response.
      type: int
      returned: always
      sample: 200
step:
  description: The step that failed.
  returned: on failure of a step
  type: str
  sample: token
status:
  description: HTTP status of its response.
  returned: on failure of a step
  type: int
  sample: 500
"""

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.forwards import names_service
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.probe import ProbeOptions, check_sign_in
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.options import DATABASE
from ansible_collections.runbook.minikube.plugins.module_utils._internal.libraries import CERTIFICATES, CLUSTER, database_libraries
from ansible_collections.runbook.minikube.plugins.module_utils._internal.runbook_module import RunbookModule

ARGUMENT_SPEC = {
    "url": {"type": "str", "required": True},
    "verify_url": {"type": "str"},
    "cookie_urls": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "jwks_url": {"type": "str"},
    "origin": {"type": "str"},
    "email": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "create": {"type": "bool", "default": False},
    "url_validate_certs": {"type": "bool", "default": True},
    "namespace": {"type": "str", "default": "default"},
    "database": {**DATABASE, "required": False},
    "schema": {"type": "str"},
}


def libraries(params):
    """Verifying a signature needs one; a temporary account needs the database, which may be reached through the cluster, and so may Services."""
    urls = [params["url"], params["verify_url"], params["jwks_url"], *params["cookie_urls"]]
    database = [*CLUSTER, *database_libraries(params["database"])] if params["create"] else []
    return [*CERTIFICATES, *(CLUSTER if names_service(urls) else ()), *database]


SETTINGS: dict = {
    "writes": True,
    "required_together": [["email", "password"]],
    "required_if": [["create", True, ["database"]]],
    "libraries": libraries,
}


def run(module):
    """Ends by exit_json or fail_json."""
    if module.check_mode:
        module.exit_json(skipped=True, msg="Skipped in check mode.", steps=[])
    with module.clear_failures():
        steps = check_sign_in(lambda: module.cluster, ProbeOptions.of(module.params), module.hide)
    module.exit_json(changed=False, steps=steps)


def main():
    run(RunbookModule(ARGUMENT_SPEC, **SETTINGS))


if __name__ == "__main__":
    main()
