# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sentences that the role auth_keys prints about a recovery or a rotation, from the results of its modules. Pure."""

from __future__ import annotations

from .keys import BROKEN, NO_ACTIVE_KEY, OK
from .rotation.stages import IDLE

VERIFIED = "Verified: sign-in works and the backend accepts {}."
SIGNED = "Verified: sign-in works, and the token's signature is valid."
ACCEPTED = {"verify": "the token", "cookie": "the session cookie"}
UNVERIFIED = {OK: "The active key can be decrypted.", NO_ACTIVE_KEY: "The next token request creates a new key."}
PROBLEMS = {
    BROKEN: "The active key can't be decrypted. Run recover_auth.yml first.",
    NO_ACTIVE_KEY: "There is no active key, so the next token request would create one during the rotation. Sign in once, and run again.",
}


def workload_refs(names: list[str]) -> list[dict]:
    """Names such as Deployment/frontend as kind and name."""
    return [dict(zip(("kind", "name"), name.split("/", 1), strict=True)) for name in names]


def recovery_summary(results: dict, predicted: bool) -> list[str]:
    """What a recovery changed, or in check mode would change, and how the result is verified.

    ``results``: ``secrets`` (auth_secret_sync), ``restarted`` (workloads), ``keys`` (jwks_cleanup) and ``verification`` (auth_probe).
    """
    keys, were = results["keys"], "would be" if predicted else "were"
    secrets = results["secrets"]
    copied = list(dict.fromkeys(one["secret"] for one in secrets["destinations"] if one["action"] != "unchanged"))
    former = list(dict.fromkeys(f"{one['former_secret']}/{one['former_key']}" for one in secrets["former_values"]))
    changes = [
        *([f"Secrets {were} synchronized: {', '.join(copied)}"] if copied else []),
        *([f"Former values {were} kept: {', '.join(former)}"] if former else []),
        *([f"Workloads {were} restarted: {', '.join(results['restarted'])}"] if results["restarted"] else []),
        *_key_changes(keys, were),
    ]
    return [*(changes or ["Nothing had to be changed."]), _verified(results["verification"]) or UNVERIFIED[keys["sign_in"]], *_rotation(secrets)]


def _verified(verification: dict) -> str:
    """What a sign-in proved, "" where there was none."""
    steps = {one["step"] for one in verification.get("steps") or ()}
    accepted = [what for step, what in ACCEPTED.items() if step in steps]
    if not verification:
        return ""
    return VERIFIED.format(" and ".join(accepted)) if accepted else SIGNED


def _rotation(secrets: dict) -> list[str]:
    stage = secrets["rotation_stage"]
    return [] if stage == IDLE else [f"A rotation of the secret is unfinished (stage: {stage}). Complete it with rotate_secret.yml."]


def _key_changes(keys: dict, were: str) -> list[str]:
    ids = {action: ", ".join(keys[result]) for action, result in (("retired", "retired"), ("deleted", "removed"))}
    backup = f" (backup {keys['backup_id']})" if keys["backup_id"] else ""
    return [f"Keys {were} {action}: {listed}{backup}" for action, listed in ids.items() if listed]


def signing_key_problem(info: dict, latest_end: str) -> str:
    """Why a rotation must not start with these keys (the result of jwks_info), "" where it may.

    ``latest_end``: when the rotation is complete at the latest, in UTC, as YYYY-MM-DD hh:mm:ss.
    """
    if info["sign_in"] != OK:
        return PROBLEMS[info["sign_in"]]
    expires_at = next(key["expires_at"] for key in info["signing_keys"] if key["active"])
    if expires_at is None or expires_at[: len(latest_end)] > latest_end:
        return ""
    return f"The active key expires at {expires_at}, and the next one would be created during the rotation. Run again after that."


def rotation_preview(rotation: dict, info: dict, secret: str) -> list[str]:
    """What a rotation will do: the results of auth_rotation and, in the stage idle, of jwks_info."""
    lines = [f"The secret {secret} gets a new value (stage: {rotation['stage']}). Remaining steps: {', '.join(rotation['steps'])}."]
    if rotation["stage"] == IDLE:
        sessions = info["open_sessions"]
        count = "their number could not be read" if sessions is None else f"{sessions} are open"
        others = "".join(f", {one['readable']} {one['table']} {one['column']}" for one in info["other_data"])
        lines += [
            f"Sessions in browsers end, as their cookies are signed with the secret: {count}. These users have to sign in again.",
            f"Data to re-encrypt: keys {info['counts']['readable']}{others}. Issued tokens stay valid.",
        ]
    if rotation["cookie_outage_workloads"]:
        lines.append(
            f"{', '.join(rotation['cookie_outage_workloads'])} take one secret at a time. They refuse new session cookies from the moment when the first "
            "auth server signs with the new secret until they are restarted with it. The rotation restarts both at the same time."
        )
    if not rotation["versioned"]:
        lines.append(f"{rotation['unversioned_reason']} So token requests fail from the first new pod until the keys are re-encrypted.")
    return lines
