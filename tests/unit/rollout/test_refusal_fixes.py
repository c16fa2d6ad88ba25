# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The next step for objects that the API server refuses. The messages were recorded from Kubernetes 1.33."""

from __future__ import annotations

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.rollout.refusal_fixes import fix_for

POD_TEMPLATE = 'core.PodTemplateSpec{Spec:core.PodSpec{Containers:[]core.Container{core.Container{Env:[]core.EnvVar{{Name:"KEY", Value:"hush: hush"}}}}}}'
JOB = f'Job.batch "j" is invalid: spec.template: Invalid value: {POD_TEMPLATE}: field is immutable'
SELECTOR = 'v1.LabelSelector{MatchLabels:map[string]string{"app":"e"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}'
STATEFUL_SET = "StatefulSet.apps \"s\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden"
CLAIM = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n  core.PersistentVolumeClaimSpec{"
ROLE_REF = 'roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"Role", Name:"b"}: cannot change roleRef'
WEBHOOK = 'Internal error occurred: failed calling webhook "a.b": failed to call webhook: Post "https://a.b.svc:443/": no endpoints available for service "a"'


@pytest.mark.parametrize(
    ("kind", "message", "fix"),
    [
        ("Job", JOB, "kubectl delete job x -n shop) and run again, or give the Job a new name"),
        ("Deployment", f'Deployment.apps "d" is invalid: spec.selector: Invalid value: {SELECTOR}: field is immutable', "kubectl delete deployment x -n shop"),
        ("StatefulSet", STATEFUL_SET, "kubectl delete statefulset x -n shop --cascade=orphan"),
        ("PersistentVolumeClaim", "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity", "cannot shrink"),
        ("PersistentVolumeClaim", f'PersistentVolumeClaim "p" is invalid: spec: Forbidden: {CLAIM}', "Create a claim under a new name"),
        ("RoleBinding", f'RoleBinding.rbac.authorization.k8s.io "r" is invalid: {ROLE_REF}', "kubectl delete rolebinding x -n shop"),
        ("Service", 'spec.clusterIPs[0]: Invalid value: []string{"None"}: may not change once set', "kubectl delete service x -n shop"),
        ("ConfigMap", 'ConfigMap "c" is invalid: data: Forbidden: field is immutable when `immutable` is set', "or give it a new name"),
        ("ConfigMap", "unable to create new content in namespace shop because it is being terminated", "Wait until the namespace is gone"),
        ("Ingress", "Ingress of extensions/v1beta1: no matches for kind", "kubectl api-resources"),
        ("ConfigMap", WEBHOOK, "webhook does not answer"),
        ("ConfigMap", 'Apply failed with 1 conflict: conflict with "x": .data.a', "rollout_force_conflicts"),
        ("ConfigMap", 'Operation cannot be fulfilled on configmaps "a": the object has been modified', "Run again"),
        ("ConfigMap", "spec.ports: Required value", ""),
    ],
)
def test_each_refusal_has_its_next_step(kind, message, fix):
    found = fix_for(kind, "x", "shop", message)
    assert fix in found and bool(found) == bool(fix)
