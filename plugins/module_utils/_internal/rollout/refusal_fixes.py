# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do about an object that the API server refuses. Pure.

The messages are those of Kubernetes' validation (pkg/apis/*/validation), of its admission and of its namespace controller.
"""

from __future__ import annotations

import re

CONFLICT = "Remove the field from the manifest or from its other manager, or set rollout_force_conflicts: true to take it over."
RECREATE = "This field cannot be changed. Delete the object (kubectl delete {kind} {name}{namespace}) and run again"
# Kind, or "" for all; a part of the message; the fix. The first that matches counts.
FIXES = (
    ("", r"^Apply failed with \d+ conflict", CONFLICT),
    ("", r"the object has been modified", "It was changed by another client at the same time. Run again."),
    ("", r"because it is being terminated", "Wait until the namespace is gone (kubectl get namespace), or use another one, and run again."),
    ("", r"failed calling webhook", "The admission webhook does not answer. Repair the Service that the message names, or its webhook configuration."),
    ("", r"no match|could not find the requested resource",
     "The cluster does not serve this apiVersion. Compare with kubectl api-resources; a custom resource needs its definition first."),
    ("Job", r"spec\.template: .*field is immutable",
     RECREATE + ", or give the Job a new name for each version (metadata.name)."),
    ("Deployment|ReplicaSet|DaemonSet", r"spec\.selector: .*field is immutable",
     RECREATE + ": its pods are recreated, too. To avoid the outage, keep the selector, or deploy under a new name."),
    ("StatefulSet", r"updates to statefulset spec for fields other than",
     "These fields cannot be changed. Delete the StatefulSet but not its pods (kubectl delete {kind} {name}{namespace} --cascade=orphan) and run "
     "again. Existing volume claims keep their size."),
    ("PersistentVolumeClaim", r"can not be less than", "A claim cannot shrink. Keep its size, or create a new claim and copy the data."),
    ("PersistentVolumeClaim", r"immutable", "Only the size of a claim can be changed. Create a claim under a new name and copy the data."),
    ("RoleBinding|ClusterRoleBinding", r"cannot change roleRef", RECREATE + "."),
    ("Service", r"spec\.clusterIPs?\b.*may not (?:change|be)|clusterIP.*immutable", RECREATE + ". It gets another address."),
    ("ConfigMap|Secret", r"immutable", RECREATE + ", or give it a new name and refer to that."),
)  # fmt: skip


def fix_for(kind: str, name: str, namespace: str, message: str) -> str:
    """The next step for a refused object, "" where there is none."""
    for kinds, part, fix in FIXES:
        if re.fullmatch(kinds or ".*", kind) and re.search(part, message, re.DOTALL):
            return fix.format(kind=kind.lower(), name=name, namespace=f" -n {namespace}" if namespace else "")
    return ""
