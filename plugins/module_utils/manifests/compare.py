# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which objects an apply would make or change, from what is stored and what the API server answers to a dry run. Pure."""

from __future__ import annotations

from dataclasses import dataclass

CREATE, CHANGE, KEEP, REFUSED = "create", "change", "keep", "refused"
OF_THE_SERVER = ("resourceVersion", "generation", "managedFields")
NOT_SHOWN = (*OF_THE_SERVER, "uid", "creationTimestamp")  # in differences for a person


@dataclass(frozen=True)
class Trial:
    """An object as it was given, as it is stored (None for one that is not there), and as an apply would leave it.

    ``refusal`` is the API server's message where it would not take the object, and ``reason`` its own word for that; ``after`` is None
    then. Where only its namespace ``lacks``, it would be made once that is there.
    """

    given: dict
    before: dict | None
    after: dict | None
    refusal: str = ""
    lacks: str = ""
    reason: str = ""

    @property
    def action(self) -> str:
        """create, change, keep or refused."""
        if self.after is None:
            return REFUSED
        if self.before is None:
            return CREATE
        return KEEP if compared(self.before) == compared(self.after) else CHANGE

    @property
    def rolls(self) -> bool:
        """Whether a workload that is there gets another pod template."""
        return self.action == CHANGE and _template(self.before) != _template(self.after)


def applied(trials: list[Trial]) -> dict:
    """The result of the module that applies."""
    changed = [trial for trial in trials if trial.action != KEEP]
    return {"changed": bool(changed), "objects": [_described(trial) for trial in trials], "diff": [_difference(trial) for trial in changed]}


def report(trials: list[Trial]) -> dict:
    """The result of the module that asks. What is not known to be kept is pending."""
    return {
        "objects": [_described(trial) for trial in trials],
        "pending": [trial.given for trial in trials if trial.action != KEEP],
        "missing_namespaces": sorted({trial.lacks for trial in trials if trial.lacks}),
    }


def _described(trial: Trial) -> dict:
    metadata = trial.given["metadata"]
    described = {
        "action": trial.action, "kind": trial.given["kind"], "name": metadata["name"], "namespace": metadata.get("namespace"),
        "rolls": trial.rolls,
    }  # fmt: skip
    return {**described, "msg": trial.refusal, "reason": trial.reason} if trial.refusal else described


def name_of(obj: dict) -> str:
    """Kind and name of an object, with its namespace if it has one."""
    metadata = obj.get("metadata") or {}
    place = f" in namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{obj.get('kind')} {metadata.get('name')}{place}"


def _difference(trial: Trial) -> dict:
    """What diff mode shows. The values of a Secret are not shown."""
    name = name_of(trial.given)
    if trial.given["kind"] == "Secret":
        return {"prepared": f"{name}: {trial.action}, its values are not shown\n"}
    return {"before_header": name, "after_header": name, "before": _shown(trial.before), "after": _shown(trial.after)}


def _shown(obj: dict | None) -> dict:
    """What a person may want to see of an object."""
    if not obj:
        return {}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in NOT_SHOWN}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}


def _template(obj: dict):
    return (obj.get("spec") or {}).get("template")


def compared(obj: dict) -> dict:
    """What an apply decides. The status is written by controllers, and who owns which field counts, but not since when."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in OF_THE_SERVER}
    owners = [{key: value for key, value in entry.items() if key != "time"} for entry in obj["metadata"].get("managedFields") or []]
    owners = [entry for entry in owners if entry.get("subresource") != "status"]
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": metadata, "owners": sorted(owners, key=lambda entry: (entry.get("manager", ""), entry.get("operation", "")))}
