# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The API server's messages are shortened: they may print a whole pod template."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.manifests.messages import shortened

POD_TEMPLATE = 'core.PodTemplateSpec{Spec:core.PodSpec{Containers:[]core.Container{core.Container{Env:[]core.EnvVar{{Name:"KEY", Value:"hush: hush"}}}}}}'
JOB = f'Job.batch "j" is invalid: spec.template: Invalid value: {POD_TEMPLATE}: field is immutable'
ROLE_REF = 'roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"Role", Name:"b"}: cannot change roleRef'


@pytest.mark.parametrize(
    ("message", "short"),
    [
        (JOB, 'Job.batch "j" is invalid: spec.template: Invalid value: … : field is immutable'),
        (f'RoleBinding "r" is invalid: {ROLE_REF}', 'RoleBinding "r" is invalid: roleRef: Invalid value: … : cannot change roleRef'),
        ('spec.port: Invalid value: "70000": must be between 1 and 65535', 'spec.port: Invalid value: "70000": must be between 1 and 65535'),
        ("spec.port: Invalid value: 70000: must be between 1 and 65535", "spec.port: Invalid value: 70000: must be between 1 and 65535"),
        ("a" * 700, "a" * 600 + " …"),
    ],
)
def test_printed_structures_are_left_out(message, short):
    assert shortened(message) == short
