# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options by which modules decide whether a cluster may be changed."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that modules share."""

    DOCUMENTATION = r"""
options:
  allowed_contexts:
    description:
      - Contexts that are allowed although they are not Minikube profiles, by name.
      - Different clusters may have the same context name, as each cluster of kubeadm has C(kubernetes-admin@kubernetes). A mapping with V(name)
        and V(server) (the URL in the kubeconfig), V(ca_fingerprint) (the SHA-256 fingerprint of its certificate authority, as C(openssl x509
        -noout -fingerprint -sha256) prints it) or both allows only that cluster. It also holds for a Minikube profile of that name.
    type: list
    elements: raw
    default: []
  minikube_homes:
    description:
      - Folders to search for Minikube profiles, as in E(MINIKUBE_HOME).
      - By default that variable or the home directory.
    type: list
    elements: path
    default: []
"""
