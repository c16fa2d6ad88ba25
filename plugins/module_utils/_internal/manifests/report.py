# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The results of manifests and manifests_info. Pure."""

from __future__ import annotations

from .compare import SERVER_FIELDS, UNCHANGED, DryRun, object_name

HIDDEN_IN_DIFF = (*SERVER_FIELDS, "uid", "creationTimestamp")


def apply_report(runs: list[DryRun]) -> dict:
    """The result of manifests."""
    changed = [run for run in runs if run.action != UNCHANGED]
    return {"changed": bool(changed), "objects": [_object(run) for run in runs], "diff": [_diff(run) for run in changed]}


def failure_report(runs: list[DryRun], refused: DryRun) -> dict:
    """The result of manifests that failed at an object, after those in ``runs``."""
    done = apply_report(runs)
    return {**done, "objects": [*done["objects"], _object(refused)]}


def dry_run_report(runs: list[DryRun]) -> dict:
    """The result of manifests_info. Objects that are not certain to stay unchanged are pending."""
    return {
        "objects": [_object(run) for run in runs],
        "pending": [run.requested for run in runs if run.action != UNCHANGED],
        "missing_namespaces": sorted({run.missing_namespace for run in runs if run.missing_namespace}),
        "missing_kinds": sorted({run.missing_kind for run in runs if run.missing_kind}),
    }


def _object(run: DryRun) -> dict:
    metadata = run.requested["metadata"]
    report = {
        "action": run.action, "kind": run.requested["kind"], "name": metadata["name"], "namespace": metadata.get("namespace"),
        "rolling_update": run.rolling_update, "data_changed": run.data_changed,
    }  # fmt: skip
    return {**report, "msg": run.refusal, "reason": run.reason} if run.refusal else report


def _diff(run: DryRun) -> dict:
    """The entry in diff mode. The values of a Secret are hidden."""
    name = object_name(run.requested)
    if run.requested["kind"] == "Secret":
        return {"prepared": f"{name}: {run.action}, its values are hidden\n"}
    return {"before_header": name, "after_header": name, "before": _shown(run.before), "after": _shown(run.after)}


def _shown(obj: dict | None) -> dict:
    """An object without the fields that only the server uses."""
    if not obj:
        return {}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in HIDDEN_IN_DIFF}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}
