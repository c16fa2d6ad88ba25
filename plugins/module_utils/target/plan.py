# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which cluster a playbook may touch. Pure: a kubeconfig and the options in, the target or a refusal out."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import PurePath

from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.target.kubeconfig import Kubeconfig


@dataclass(frozen=True)
class Target:
    """The cluster that was named. ``profile`` and ``minikube_home`` are None where it is not Minikube's."""

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
        """How a person calls Minikube for this profile."""
        home = f"MINIKUBE_HOME={self.minikube_home} " if self.minikube_home else ""
        return f"{home}minikube -p {self.profile}"

    def __str__(self) -> str:
        profile = f" (Minikube profile {self.profile})" if self.is_minikube else ""
        return f"context {self.context}{profile} at {self.server}"


def choose(kubeconfig: Kubeconfig, context: str | None, allowed: list[str], profiles: dict[str, str], environ: dict) -> Target:
    """Decides about the named context. ``profiles`` has the Minikube profiles on this machine, each with its MINIKUBE_HOME.

    Raises RunbookError where none is named, the name is not there or says nothing, or it is neither Minikube's nor allowed.
    """
    _refuse_redirection(environ)
    entry = kubeconfig.contexts.get(context) if context else None
    if entry is None:
        raise _unknown(kubeconfig, context)
    cluster = kubeconfig.clusters.get(entry.cluster)
    if cluster is None or not cluster.server:
        raise RunbookError(
            f"The context {context} names the cluster '{entry.cluster}', which has no server in {kubeconfig.joined}. Repair the kubeconfig."
        )
    is_minikube = _is_minikube(kubeconfig, entry, profiles)
    if not is_minikube and context not in allowed:
        raise RunbookError(
            f"The context {context} ({cluster.server}) is not a Minikube profile, so nothing was touched. "
            f"If it is the one you mean, allow it by name: runbook_allowed_contexts: [{context}] (option allowed_contexts).",
            context=context, server=cluster.server,
        )
    profile = entry.cluster if is_minikube else None
    return Target(
        context=context,
        cluster=entry.cluster,
        server=cluster.server,
        namespace=entry.namespace or "default",
        kubeconfig=kubeconfig.joined,
        is_minikube=is_minikube,
        profile=profile,
        minikube_home=profiles.get(profile),
    )


def _is_minikube(kubeconfig: Kubeconfig, entry, profiles: dict[str, str]) -> bool:
    """Whether Minikube wrote the cluster's entry: by its extension there, or by certificates that lie in the profile's home.

    An extension on the context proves nothing, as a context can be pointed to another cluster and keeps it. Minikube never
    switches the check of the server's certificate off, and only that check ties an entry to the cluster it was written for.
    """
    cluster = kubeconfig.clusters[entry.cluster]
    if not cluster.verified:
        return False
    if cluster.by_minikube:
        return True
    home = profiles.get(entry.cluster)
    files = (cluster.certificate, kubeconfig.users.get(entry.user))
    return bool(home) and all(file and _inside(file, home) for file in files)


def _inside(file: str, home: str) -> bool:
    return PurePath(file).is_relative_to(home)


def _unknown(kubeconfig: Kubeconfig, context: str | None) -> RunbookError:
    names = [name + (" (Minikube)" if _written_by_minikube(kubeconfig, name) else "") for name in kubeconfig.contexts]
    there = f"In {kubeconfig.joined} there {'is' if len(names) == 1 else 'are'} {', '.join(names) or 'none'}."
    if not context:
        head = "No context is named, and the current one is never taken for granted. Set runbook_context (option context)."
    else:
        near = difflib.get_close_matches(context, kubeconfig.contexts, n=1)
        hint = f"; did you mean {near[0]}?" if near else ". Check runbook_context and runbook_kubeconfig."
        head = f"There is no context {context}{hint}"
    return RunbookError(f"{head} {there}", contexts=list(kubeconfig.contexts))


def _written_by_minikube(kubeconfig: Kubeconfig, name: str) -> bool:
    cluster = kubeconfig.clusters.get(kubeconfig.contexts[name].cluster)
    return bool(cluster and cluster.by_minikube)


def _refuse_redirection(environ: dict) -> None:
    if environ.get("K8S_AUTH_HOST"):
        raise RunbookError(
            "The environment variable K8S_AUTH_HOST is set. It would send every task to that server, whatever the context says. "
            "Unset it and run again."
        )
