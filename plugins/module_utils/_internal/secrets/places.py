# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Places of a value as text, for the playbook compare_secrets.yml, and what it prints. Pure."""

from __future__ import annotations

from ..errors import RunbookError

WORKLOADS = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
FORMS = "SECRET/KEY, configmap/NAME/KEY, file:PATH, or KIND/NAME/VARIABLE of running containers (deployment/frontend/DATABASE_URL)"


def locations_of(places: str | list, check_consumers: bool = False) -> list[dict]:
    """The places as the option locations of secret_compare takes them. ``places``: a list of texts and mappings, or one text with commas.

    ``check_consumers``: also compare the containers that read the Secrets and ConfigMaps. Raises RunbookError for text of another form.
    """
    listed = places.split(",") if isinstance(places, str) else places
    if not isinstance(listed, list):
        raise RunbookError(f"Places must be a list, or text with commas. Each is {FORMS}.")
    locations = [place if isinstance(place, dict) else _location(str(place).strip()) for place in listed if place]
    return [{**one, "check_consumers": True} if check_consumers and _is_stored(one) else one for one in locations]


def compare_lines(result: dict) -> list[str]:
    """The result of secret_compare as lines."""
    verdicts = {
        "equal": "All places have the same value.", "different": "The values differ.", "missing": "No place has a value.",
        "unknown": "No difference was found, but not every place could be read.",
    }  # fmt: skip
    places = [_place_line(one) for one in result["locations"]]
    return [verdicts[result["verdict"]], *places, *(one["message"] for one in result["differences"])]


def _location(text: str) -> dict:
    if text.startswith("file:"):
        return {"file": text.removeprefix("file:")}
    parts = text.split("/")
    if not all(parts):
        raise _invalid(text)
    if len(parts) == 2:
        return {"secret": parts[0], "key": parts[1]}
    if len(parts) == 3 and parts[0].lower() in ("secret", "configmap"):
        return {"secret" if parts[0].lower() == "secret" else "config_map": parts[1], "key": parts[2]}
    if len(parts) == 3 and parts[0].lower() in WORKLOADS:
        return {"workload": f"{WORKLOADS[parts[0].lower()]}/{parts[1]}", "env": parts[2]}
    raise _invalid(text)


def _invalid(text: str) -> RunbookError:
    """Text with no slash may be a value that was given by mistake, so it is not shown."""
    shown = f"'{text}'" if "/" in text else "A text without a slash"
    return RunbookError(f"{shown} is no place of a value. A place is {FORMS}.")


def _is_stored(location: dict) -> bool:
    return bool(location.get("secret") or location.get("config_map"))


def _place_line(one: dict) -> str:
    group = f", value {one['group']}" if one.get("group") else ""
    reason = f": {one['reason']}" if one.get("reason") else ""
    length = f", {one['length']}" if one.get("length") else ""
    return f"{one['location']}: {one['state']}{length}{group}{reason}"
