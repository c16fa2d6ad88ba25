# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option ``database`` of every module that reaches one."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share."""

    DOCUMENTATION = r"""
options:
  database:
    description:
      - The PostgreSQL database, and the way to it. Exactly one of O(database.url), O(database.secret) and O(database.workload) says
        where its URL is. What the URL says about TLS is never weakened.
      - What the URL does not say of host, user, database and password is not filled in with what this machine has, in C(PGHOST),
        C(PGSERVICE), C(~/.pgpass) or elsewhere. A URL without host, user or database is refused.
      - A URL whose host is C(localhost), another loopback address, a socket or none at all means the host where the module runs, and not
        the one where the application runs. It is refused unless O(database.workload) is given or O(database.via=direct) is set.
      - A C(schema) in the URL, as Prisma writes it, is where tables are looked for. It must not contradict the module's option C(schema).
      - A database that is set to read only (C(default_transaction_read_only)) is not written.
    type: dict
    required: true
    suboptions:
      url:
        description: The database's URL. It is never shown.
        type: str
      secret:
        description: Name of the Secret that holds the URL. Needs O(database.key).
        type: str
      key:
        description: The key of the Secret.
        type: str
      workload:
        description:
          - Kind and name of a workload whose containers have the URL in their environment, for example V(Deployment/frontend).
          - The database is then reached from inside such a container, unless O(database.via) says otherwise.
        type: str
      container:
        description: The container of the workload. By default one that has the variable.
        type: str
      env:
        description: The variable that holds the URL.
        type: str
        default: DATABASE_URL
      via:
        description:
          - How the database is reached. V(direct) connects from the host where the module runs, also to a database on that host.
            V(port_forward) connects through the Kubernetes API to a pod behind the Service that the URL names, and checks the
            certificate against the name in the URL.
            V(pod) runs a small program in a container of O(database.workload), with the Node.js and pg, or Python and psycopg2,
            that it has; the URL does not leave the pod then, and what it does not say is taken from the container's own settings.
          - By default V(pod) where O(database.workload) is given, V(port_forward) where the host in the URL is a Service of the
            cluster, else V(direct).
        type: str
        choices: [direct, port_forward, pod]
      service:
        description: The Service to forward to, where the host in the URL is not its name. With its namespace as C(name.namespace).
        type: str
      connect_timeout:
        description: Seconds after which a database that does not answer is called unreachable.
        type: int
        default: 10
      statement_timeout:
        description: Seconds that one statement may take.
        type: int
        default: 30
      lock_timeout:
        description: Seconds to wait for a row or a table that somebody else has locked.
        type: int
        default: 5
"""
