# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets, and the state of a Secret in each stage of a rotation from A to B and on to C."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.rotation.stages import SecretState
from ansible_collections.runbook.minikube.plugins.module_utils._internal.auth.signing_secrets import SigningSecrets

A, B, C = "first secret of thirty-two characters", "second secret of thirty-two characters", "third secret of thirty-two characters"
IDLE = SecretState(SigningSecrets(A))
ADDED = SecretState(SigningSecrets(A, {1: A, 2: B}), in_progress=True)
PROMOTED = SecretState(SigningSecrets(A, {2: B, 1: A}), in_progress=True)
OLD_REMOVED = SecretState(SigningSecrets(B, {2: B}), in_progress=True)
REPLACED = SecretState(SigningSecrets(B), previous=A, in_progress=True)
COMPLETE = SecretState(SigningSecrets(B, {2: B}))
