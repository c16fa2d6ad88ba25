# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes what Dapr stands on, where something is wrong with it: the nodes, the cluster's DNS, and the way to the injector."""

from __future__ import annotations

from dataclasses import replace

from ..clients.cluster.access import FORBIDDEN
from ..clients.cluster.client import Cluster
from ..clients.cluster.errors import ApiError
from .injection import UNPROVEN, released_image
from .injector import observe_endpoints
from .model import DaprState, LowerLayers
from .webhook import ready_endpoints

DNS_NAMESPACE, DNS_SERVICE = "kube-system", "kube-dns"  # the name of the Service in every distribution that uses CoreDNS or kube-dns


def needs_explanation(state: DaprState) -> bool:
    """Whether anything is wrong, or an injection is not proven, so that what lies below has to be known. Pure."""
    components = state.components.values()
    incomplete = any(one.obj is None or not one.is_complete or one.replicas == 0 or one.old_certificate or one.wrong_anchors for one in components)
    bundle = state.bundle
    image = released_image(state.release.objects)
    unsure = any(one.state == UNPROVEN or one.problem(bundle, image) for one in state.injection.values())
    objects = not bundle.is_complete or bundle.configmap_differs or state.webhook is None or state.release.missing or state.release.drift
    return bool(incomplete or unsure or objects or state.sidecar_problems)


def with_lower_layers(cluster: Cluster, state: DaprState) -> DaprState:
    """The state with them."""
    slices = _list(cluster, "EndpointSlice", DNS_NAMESPACE, label_selector=f"kubernetes.io/service-name={DNS_SERVICE}")
    nodes = _list(cluster, "Node")
    lower = LowerLayers(None if nodes is None else tuple(nodes), dns_down=bool(slices) and ready_endpoints(slices or []) == 0)
    return replace(state, lower=lower, endpoints=observe_endpoints(cluster, state.namespace))


def _list(cluster: Cluster, kind: str, namespace: str | None = None, **selectors) -> list[dict] | None:
    """The objects, None if they may not be listed."""
    try:
        return cluster.list(kind, namespace, **selectors)
    except ApiError as error:
        if error.status == FORBIDDEN:
            return None
        raise
