# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets, and what a Secret holds in each stage of a rotation from A to B and on to C."""

from __future__ import annotations

from ansible_collections.runbook.minikube.plugins.module_utils.auth.signing_secrets import SigningSecrets
from ansible_collections.runbook.minikube.plugins.module_utils.auth_rotation.stages import Held

A, B, C = "first secret of thirty-two characters", "second secret of thirty-two characters", "third secret of thirty-two characters"
AT_REST = Held(SigningSecrets(A))
ADOPTED = Held(SigningSecrets(A, {1: A, 2: B}), marked=True)
SWITCHED = Held(SigningSecrets(A, {2: B, 1: A}), marked=True)
DROPPED = Held(SigningSecrets(B, {2: B}), marked=True)
REPLACED = Held(SigningSecrets(B), former=A, marked=True)
ENDED = Held(SigningSecrets(B, {2: B}))
