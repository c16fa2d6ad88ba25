# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of every module that evaluates Better Auth's keys."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share. ``auth_servers`` is described in a section of its own; the suboptions of ``secret`` and
    ``secrets`` are in the fragment locations.
    """

    ALGORITHM = r"""
options:
  algorithm:
    description:
      - Better Auth's option C(jwks.keyPairConfig.alg), which is V(EdDSA) if the application does not set it.
      - Better Auth 1.7 signs with the newest key of this algorithm that has not expired, and only if there is none with the newest of
        another. Earlier releases, whose table has no column C(alg), sign with the newest key, whatever its algorithm.
    type: str
    choices: [EdDSA, ES256, ES512, PS256, RS256]
"""
    AUTH_SERVERS = r"""
options:
  auth_servers:
    description:
      - The workloads that sign tokens with Better Auth, usually the frontend. Workloads that only verify tokens do not count.
    type: list
    elements: dict
    suboptions:
      workload:
        description: Kind and name of a Deployment, StatefulSet or DaemonSet, for example V(Deployment/frontend).
        type: str
        required: true
      container:
        description: The container that signs tokens. By default all containers that have the secret.
        type: str
"""
    DOCUMENTATION = r"""
options:
  auth_servers:
    default: []
  namespace:
    description: Namespace of the Secrets, Services and workloads in the other options.
    type: str
    default: default
  secret:
    description:
      - Location of the value of C(BETTER_AUTH_SECRET).
      - Without O(secret) and O(secrets), the secret that all of O(auth_servers) use is taken.
    type: dict
  secrets:
    description: Location of the value of C(BETTER_AUTH_SECRETS), for example of V(2:newest,1:older).
    type: dict
"""
    TABLE = r"""
options:
  private_keys:
    description: How the application stores private keys. V(unencrypted) is Better Auth's option C(disablePrivateKeyEncryption).
    type: str
    choices: [encrypted, unencrypted]
    default: encrypted
  table:
    description: Name of the table of keys.
    type: str
    default: jwks
  schema:
    description: Schema of the table. By default the database's search path finds it.
    type: str
  columns:
    description:
      - Renamed columns of the table, from Better Auth's name to the application's, for example C(privateKey) to C(secretPart).
      - A column that is not named here is found by Better Auth's name or in snake case, for example C(private_key).
    type: dict
    default: {}
requirements:
  - PyNaCl >= 1.5.0
  - psycopg2 >= 2.9.10 (not for O(database.via=pod))
"""
