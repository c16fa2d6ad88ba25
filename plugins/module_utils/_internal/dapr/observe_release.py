# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Observes how the cluster differs from the Helm release: one list for each kind, and a dry run for each object that seems to differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ..clients.cluster.access import FORBIDDEN
from ..clients.cluster.client import MAX_WORKERS, Cluster
from ..clients.cluster.errors import ApiError
from ..clients.cluster.kinds import KINDS
from .apply import FIELD_MANAGER
from .components import TRUST_BUNDLE
from .helm_release import deployed_revision, latest_revision, manifest_objects, unfinished_note
from .model import Drift, ReleaseState
from .release_diff import differences, is_suspect, restored, summary

Key = tuple[str, str]  # kind and name
PART_OF = "app.kubernetes.io/part-of=dapr"  # a label of all objects of the chart; one without it is read by its name


def observe_release(cluster: Cluster, secrets: list[dict] | None, namespace: str, known: Mapping[Key, dict | None]) -> ReleaseState:
    """The deployed revision compared with the cluster. ``secrets``: Helm's, None if they may not be read; ``known``: objects that were read already."""
    if secrets is None:
        return ReleaseState(notes=("The Helm release may not be read (list secrets), so the objects of Dapr were not compared with it.",))
    deployed = deployed_revision(secrets)
    objects = manifest_objects(deployed, namespace)
    compared = {key: obj for key, obj in objects.items() if key[1] != TRUST_BUNDLE}
    stored, unreadable = _stored(cluster, compared, known)
    missing = tuple(obj for key, obj in compared.items() if key in stored and stored[key] is None)
    state = _with_drift(cluster, ReleaseState(objects, missing), {key: obj for key in compared if (obj := stored.get(key))})
    notes = [unfinished_note(deployed, latest_revision(secrets))] + [_not_compared(unreadable)]
    return replace(state, notes=(*state.notes, *filter(None, notes)))


def release_drift(cluster: Cluster, secrets: list[dict], namespace: str) -> list[str]:
    """How the cluster differs from the deployed revision, as sentences."""
    state = observe_release(cluster, secrets, namespace, {})
    missing = [f"{obj['kind']} {obj['metadata']['name']} does not exist" for obj in state.missing]
    return missing + [f"{one.released['kind']} {one.released['metadata']['name']}: {summary(list(one.differences))}" for one in state.drift]


def _not_compared(kinds: Iterable[str]) -> str:
    named = ", ".join(sorted(set(kinds)))
    return f"Not compared with the Helm release, as they may not be read: {named}." if named else ""


def _stored(cluster: Cluster, objects: Mapping[Key, dict], known: Mapping[Key, dict | None]) -> tuple[dict[Key, dict | None], list[str]]:
    """(objects of the release as stored, None for a missing one; kinds that may not be read)."""
    found: dict[Key, dict | None] = {key: known[key] for key in objects if key in known}
    of_kind: dict[str, list[Key]] = {}
    for key in objects.keys() - found.keys():
        of_kind.setdefault(key[0], []).append(key)
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        listed = pool.map(lambda keys: _listed(cluster, keys[0][0], [objects[key] for key in keys]), of_kind.values())
        unlisted = {key: None for key in objects.keys() - found.keys()}
        for items in listed:
            found |= {key: items[key] for key in unlisted if key in items}
        left = [key for key in unlisted if key not in found]
        answers = list(pool.map(lambda key: _read(cluster, objects[key]), left))
    found |= {key: obj for key, (readable, obj) in zip(left, answers) if readable}
    return found, [key[0] for key, (readable, _obj) in zip(left, answers) if not readable]


def _listed(cluster: Cluster, kind: str, objects: list[dict]) -> dict[Key, dict]:
    """The stored objects of a kind that have the chart's label; nothing for a kind that cannot be listed."""
    if not _is_known(objects[0]):
        return {}
    namespaces = {obj["metadata"].get("namespace") for obj in objects}
    wanted = {(obj["metadata"].get("namespace"), obj["metadata"]["name"]) for obj in objects}
    try:
        items = cluster.list(kind, next(iter(namespaces)) if len(namespaces) == 1 else None, label_selector=PART_OF)
    except ApiError as error:
        if error.status in (FORBIDDEN, 404):
            return {}
        raise
    return {(kind, item["metadata"]["name"]): item for item in items if (item["metadata"].get("namespace"), item["metadata"]["name"]) in wanted}


def _is_known(obj: dict) -> bool:
    """Whether the client knows the path of a kind in this version; others are only checked for their existence."""
    return obj["kind"] in KINDS and KINDS[obj["kind"]][0] == obj["apiVersion"]


def _read(cluster: Cluster, obj: dict) -> tuple[bool, dict | None]:
    """(whether it may be read, the stored object)."""
    try:
        return True, cluster.get_object(obj)
    except ApiError as error:
        if error.status == FORBIDDEN:
            return False, None
        raise


def _with_drift(cluster: Cluster, state: ReleaseState, stored: Mapping[Key, dict]) -> ReleaseState:
    suspects = [key for key, live in stored.items() if _is_known(state.objects[key]) and is_suspect(live, state.objects[key])]
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        answers = list(pool.map(lambda key: _confirm(cluster, state.objects[key], stored[key]), suspects))
    drift = tuple(Drift(state.objects[key], stored[key], tuple(found)) for key, (found, _note) in zip(suspects, answers) if found)
    return replace(state, drift=drift, notes=tuple(note for _found, note in answers if note))


def _confirm(cluster: Cluster, released: dict, live: dict) -> tuple[list[str], str]:
    """(how the object differs from the answer to a dry run of its restoration, why that could not be asked)."""
    kind, metadata = released["kind"], released["metadata"]
    try:
        answer = cluster.replace(kind, metadata["name"], restored(live, released), metadata.get("namespace"), field_manager=FIELD_MANAGER, dry_run="All")
    except ApiError as error:
        if error.status == 409:  # another client changed it in this moment
            return [], ""
        return [], f"{kind} {metadata['name']} may differ from the Helm release; a dry run of its restoration was refused: {error.api_message}"
    return differences(live, answer), ""
