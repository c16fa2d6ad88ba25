# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option ``database`` of every module that connects to one."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share."""

    DOCUMENTATION = r"""
options:
  database:
    description:
      - The PostgreSQL database, and how to connect to it. Exactly one of O(database.url), O(database.secret) and O(database.workload)
        is the source of its URL. The URL's TLS settings are never weakened.
      - Missing parts of the URL (host, user, database, password) are not taken from C(PGHOST), C(PGSERVICE), C(~/.pgpass) or other
        defaults of the host. A URL without host, user or database is refused.
      - A URL whose host is C(localhost), another loopback address, a socket or none at all means the host where the module runs, and not
        the one where the application runs. It is refused unless O(database.workload) or O(database.via=direct) is set.
      - The URL may be written for another driver. A driver in its scheme, as in C(postgresql+psycopg2://), and parameters that libpq does not
        know, such as C(pgbouncer) and C(connection_limit), are ignored. A C(/), C(#) or C(?) in the password need not be encoded. Only a C(/)
        at its start or after digits, which could also follow a port, is refused in a URL without a driver in its scheme.
      - A C(schema) in the URL, as Prisma writes it, a C(currentSchema) or a C(search_path) is the schema of the tables. It must not contradict
        the module's option C(schema).
      - A C(sslcert) without C(sslkey) is the certificate of the authority, as for Prisma, and C(sslaccept=strict) requires a valid certificate.
        If the URL requires one and names no authority, those of the system are used, and not C(~/.postgresql/root.crt) of the host.
      - A URL with several hosts is refused, as any of them may be a standby. A standby, and a database that is read only
        (C(default_transaction_read_only)), is read but never written.
    type: dict
    required: true
    suboptions:
      url:
        description: The database's URL. It is never printed.
        type: str
      secret:
        description: Name of the Secret with the URL. Needs O(database.key).
        type: str
      key:
        description: The key of the Secret.
        type: str
      workload:
        description:
          - Kind and name of a workload whose containers have the URL in their environment, for example V(Deployment/frontend).
          - The module then connects from inside such a container, unless O(database.via) is set.
        type: str
      container:
        description: The container of the workload. By default one with the variable.
        type: str
      env:
        description: The variable with the URL.
        type: str
        default: DATABASE_URL
      via:
        description:
          - How to connect. V(direct) connects from the host where the module runs, also to a database on that host.
            V(port_forward) connects through the Kubernetes API to a pod behind the Service that the URL names, and checks the
            certificate against the name in the URL.
            V(pod) runs a small program in a container of O(database.workload), with the Node.js and pg, or the Python and
            psycopg2 or psycopg, that it has; the URL does not leave the pod then, and missing parts of it are taken from the container's own settings.
          - By default V(pod) if O(database.workload) is set, V(port_forward) if the host in the URL is a Service of the
            cluster, else V(direct).
        type: str
        choices: [direct, port_forward, pod]
      service:
        description: The Service to forward to, if the host in the URL is not its name. With its namespace as C(name.namespace).
        type: str
      connect_timeout:
        description: Seconds until a database that does not answer is unreachable.
        type: int
        default: 10
      statement_timeout:
        description: Time-out of one statement in seconds.
        type: int
        default: 30
      lock_timeout:
        description: Time-out of the wait for a locked row or table in seconds.
        type: int
        default: 5
"""
