# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that connect to the API of a cluster: those of kubernetes.core's modules. Galaxy does not show fragments of other collections."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share. A unit test compares names, types, aliases and environment variables with kubernetes.core's."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig file. Several paths are separated by C(:). By default E(K8S_AUTH_KUBECONFIG), else C(~/.kube/config).
      - The content of a kubeconfig can also be given as a mapping.
    type: raw
  context:
    description: Name of the context in the kubeconfig. By default E(K8S_AUTH_CONTEXT), else the kubeconfig's current context.
    type: str
  host:
    description: URL of the API server. By default E(K8S_AUTH_HOST), else that of the context.
    type: str
  api_key:
    description: Bearer token. By default E(K8S_AUTH_API_KEY).
    type: str
  username:
    description: User name, for an API server with HTTP Basic authentication. By default E(K8S_AUTH_USERNAME).
    type: str
  password:
    description: Password, for an API server with HTTP Basic authentication. By default E(K8S_AUTH_PASSWORD).
    type: str
  client_cert:
    description: Path of the client certificate. By default E(K8S_AUTH_CERT_FILE).
    type: path
    aliases: [cert_file]
  client_key:
    description: Path of the client certificate's key. By default E(K8S_AUTH_KEY_FILE).
    type: path
    aliases: [key_file]
  ca_cert:
    description:
      - Path of the certificate authority that issued the API server's certificate, with its whole chain. By default E(K8S_AUTH_SSL_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
  validate_certs:
    description: Whether to verify the API server's certificate. By default E(K8S_AUTH_VERIFY_SSL), else as in the kubeconfig.
    type: bool
    aliases: [verify_ssl]
  proxy:
    description:
      - URL of an HTTP proxy between the module and the API server. By default E(K8S_AUTH_PROXY).
      - E(HTTP_PROXY) and E(HTTPS_PROXY) are not used.
    type: str
  no_proxy:
    description:
      - Hosts, domains and networks that are reached without the proxy, separated by commas. By default E(K8S_AUTH_NO_PROXY).
      - The variable C(NO_PROXY) is not used.
    type: str
  proxy_headers:
    description: Headers for the HTTP proxy.
    type: dict
    suboptions:
      proxy_basic_auth:
        description: User and password for the proxy, separated by a colon. By default E(K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH).
        type: str
      basic_auth:
        description: User and password for the API server, separated by a colon. By default E(K8S_AUTH_PROXY_HEADERS_BASIC_AUTH).
        type: str
      user_agent:
        description: Value of the header C(User-Agent). By default E(K8S_AUTH_PROXY_HEADERS_USER_AGENT).
        type: str
  persist_config:
    description:
      - Whether to save refreshed tokens of the user in the kubeconfig. By default E(K8S_AUTH_PERSIST_CONFIG), else they are not saved.
      - The Kubernetes client for Python does not support V(true) yet.
    type: bool
  impersonate_user:
    description: User to impersonate. By default E(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description: Groups to impersonate. By default E(K8S_AUTH_IMPERSONATE_GROUPS), with commas between the groups.
    type: list
    elements: str
"""
