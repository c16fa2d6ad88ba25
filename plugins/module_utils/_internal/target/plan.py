# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selects the cluster that a playbook may change. Pure: a kubeconfig and the options in, the target or an error out."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import PurePath

from ..errors import NOTHING_CHANGED, RunbookError
from .kubeconfig import ClusterEntry, Kubeconfig
from .options import AllowedContext, bare_fingerprint, server_address


@dataclass(frozen=True)
class ClusterTarget:
    """The selected cluster. ``profile`` and ``minikube_home`` are None where it is not a Minikube profile."""

    context: str
    cluster: str
    server: str
    namespace: str
    kubeconfig: str
    is_minikube: bool
    profile: str | None
    minikube_home: str | None

    @property
    def minikube(self) -> str:
        """The command line of minikube for this profile."""
        home = f"MINIKUBE_HOME={self.minikube_home} " if self.minikube_home else ""
        return f"{home}minikube -p {self.profile}"

    def __str__(self) -> str:
        profile = f" (Minikube profile {self.profile})" if self.is_minikube else ""
        return f"context {self.context}{profile} at {self.server}"


def select_target(
    kubeconfig: Kubeconfig, context: str | None, allowed: Collection[AllowedContext], profiles: dict[str, str], environ: dict,
    fingerprints: Callable[[ClusterEntry], tuple[str, ...]],
) -> ClusterTarget:  # fmt: skip
    """The cluster of the requested context. ``profiles`` has the Minikube profiles on this machine, each with its MINIKUBE_HOME.

    ``fingerprints`` returns those of a cluster's certificate authorities, in lower case without colons.

    Raises RunbookError where the context is not set, does not exist or has no server, or is neither a Minikube profile nor allowed, or is
    another cluster than the one that is allowed by that name.
    """
    _require_no_override(environ)
    entry = kubeconfig.contexts.get(context) if context else None
    if context is None or entry is None:
        raise _unknown_context(kubeconfig, context)
    cluster = kubeconfig.clusters.get(entry.cluster)
    if cluster is None or not cluster.server:
        raise RunbookError(
            f"The context {context} refers to the cluster '{entry.cluster}', which has no server in {kubeconfig.joined}. Correct the kubeconfig."
        )
    is_minikube = _is_minikube_profile(kubeconfig, entry, profiles)
    _require_allowed(context, cluster, [one for one in allowed if one.name == context], is_minikube, fingerprints)
    profile = entry.cluster if is_minikube else None
    return ClusterTarget(
        context=context,
        cluster=entry.cluster,
        server=cluster.server,
        namespace=entry.namespace or "default",
        kubeconfig=kubeconfig.joined,
        is_minikube=is_minikube,
        profile=profile,
        minikube_home=profiles.get(profile) if profile else None,
    )


def _require_allowed(context: str, cluster: ClusterEntry, allowed: list[AllowedContext], is_minikube: bool, fingerprints: Callable) -> None:
    """Raises RunbookError unless the cluster may be changed. ``allowed``: the entries of that name, which hold for a Minikube profile too."""
    facts = {"context": context, "server": cluster.server}
    if allowed and not any(_is_cluster_of(one, cluster, fingerprints) for one in allowed):
        raise RunbookError(
            f"The context {context} is allowed {' or '.join(one.limit for one in allowed)} only, and is at {cluster.server}: another cluster "
            f"has the same name. {NOTHING_CHANGED} If this cluster is intended, correct runbook_allowed_contexts (option allowed_contexts).",
            **facts,
        )
    if not allowed and not is_minikube:
        raise RunbookError(
            f"The context {context} ({cluster.server}) is not a Minikube profile. {NOTHING_CHANGED} "
            f"If this cluster is intended, allow it by name: runbook_allowed_contexts: [{context}] (option allowed_contexts), or this one "
            f"only, where other clusters may have the same name: [{{name: {context}, server: '{cluster.server}'}}].",
            **facts,
        )


def _is_cluster_of(allowed: AllowedContext, cluster: ClusterEntry, fingerprints: Callable) -> bool:
    if allowed.server and server_address(allowed.server) != server_address(cluster.server):
        return False
    return not allowed.ca_fingerprint or fingerprints(cluster) == (bare_fingerprint(allowed.ca_fingerprint),)


def _is_minikube_profile(kubeconfig: Kubeconfig, entry, profiles: dict[str, str]) -> bool:
    """Whether Minikube wrote the cluster's entry: it has Minikube's extension, or its certificates lie in the profile's home.

    An extension on the context proves nothing, as a context keeps it when it is changed to another cluster. Minikube never
    disables the verification of the server's certificate, and only that ties an entry to the cluster it was written for.
    """
    cluster = kubeconfig.clusters[entry.cluster]
    if not cluster.verify_tls:
        return False
    if cluster.by_minikube:
        return True
    home = profiles.get(entry.cluster)
    files = (cluster.certificate, kubeconfig.users.get(entry.user))
    return home is not None and home != "" and all(file and _is_inside(file, home) for file in files)


def _is_inside(file: str, home: str) -> bool:
    return PurePath(file).is_relative_to(home)


def _unknown_context(kubeconfig: Kubeconfig, context: str | None) -> RunbookError:
    names = [name + (" (Minikube)" if _written_by_minikube(kubeconfig, name) else "") for name in kubeconfig.contexts]
    available = f"Contexts in {kubeconfig.joined}: {', '.join(names) or 'none'}."
    if not context:
        head = "No context is set, and the current context is never used by default. Set runbook_context (option context)."
    else:
        near = difflib.get_close_matches(context, kubeconfig.contexts, n=1)
        hint = f"; did you mean {near[0]}?" if near else ". Check runbook_context and runbook_kubeconfig."
        head = f"The context {context} does not exist{hint}"
    return RunbookError(f"{head} {available}", contexts=list(kubeconfig.contexts))


def _written_by_minikube(kubeconfig: Kubeconfig, name: str) -> bool:
    cluster = kubeconfig.clusters.get(kubeconfig.contexts[name].cluster)
    return bool(cluster and cluster.by_minikube)


def _require_no_override(environ: dict) -> None:
    if environ.get("K8S_AUTH_HOST"):
        raise RunbookError(
            "The environment variable K8S_AUTH_HOST is set. It redirects every task to that server, regardless of the context. "
            "Unset it and run again."
        )
