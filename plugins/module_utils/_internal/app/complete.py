# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turns the description that a user wrote into the complete one that the roles read: merge, validate, complete.

The file system is only read for the existence of files and folders.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import RunbookError
from ..secret_sources import Ref, problems_of, sources_of
from .address import address_problems, health_checks
from .checks import ListOf, Mapping, Problems, kind_of
from .schema import APP

ROOT = "runbook_app"
OVERRIDES_EXAMPLE = """On the command line, set it as JSON: -e '{"runbook_app_overrides": {"namespace": "staging"}}'."""
MANIFEST_ENDINGS = (".yml", ".yaml", ".json", ".yml.j2", ".yaml.j2", ".json.j2")


def complete_app(app: dict, directory: str, overrides: dict | None = None) -> dict:
    """The description of an application, merged with ``overrides``, validated and completed.

    ``directory`` is the absolute folder in which its relative paths start. Raises RunbookError with all problems.
    """
    base = Path(directory)
    if not base.is_absolute():
        raise RunbookError(
            f"The folder of {ROOT} must be an absolute path, got '{directory}'. Pass the folder of the file that defines it."
        )
    if overrides is not None and not isinstance(overrides, dict):
        raise RunbookError(f"{ROOT}_overrides must be a mapping with keys of {ROOT}, got {kind_of(overrides)}. {OVERRIDES_EXAMPLE}")
    merged = merge(app, overrides, APP) if overrides and isinstance(app, dict) else app
    _require_none(list(APP(ROOT, merged)))
    completed = _with_defaults(merged, APP)
    _require_none([*problems_of(completed["secrets"], f"{ROOT}.secrets"), *_key_problems(completed), *address_problems(completed, ROOT),
                   *_path_problems(completed, base)])  # fmt: skip
    completed["images"] = [_module_image(image, base) for image in completed["images"]]
    completed["manifests"] = _manifest_files(completed["manifests"], base)
    completed["checks"] = health_checks(completed)
    completed["rollout"] = [{key: workload[key] for key in ("kind", "name", "dapr")} for workload in completed["workloads"]]
    completed["auth"] = completed["auth"] and {**completed["auth"], **_auth_locations(completed)}
    return completed


def merge(base, override, schema=None):
    """``base`` with ``override``: mappings are merged by key, lists of named members by name, all else is replaced."""
    if isinstance(base, dict) and isinstance(override, dict):
        fields = schema.fields if isinstance(schema, Mapping) else {}
        keys = [*base, *(key for key in override if key not in base)]
        return {key: _merged_key(key, base, override, fields) for key in keys}
    if isinstance(schema, ListOf) and schema.named and isinstance(base, list) and isinstance(override, list):
        return _merged_by_name(base, override, schema)
    return override


def _merged_key(key, base: dict, override: dict, fields: dict):
    if key not in override:
        return base[key]
    if key not in base:
        return override[key]
    return merge(base[key], override[key], fields[key].check if key in fields else None)


def _merged_by_name(base: list, override: list, schema: ListOf) -> list:
    merged = list(base)
    for member in override:
        same = [number for number, known in enumerate(merged) if _name(known, schema) == _name(member, schema)]
        if same and isinstance(member, dict):
            merged[same[0]] = merge(merged[same[0]], member, schema.member)
        else:
            merged.append(member)
    return merged


def _name(member, schema: ListOf):
    """What identifies a member, with defaults, so that an override need not repeat ``kind: Deployment``."""
    if not isinstance(member, dict):
        return object()
    fields = schema.member.fields if isinstance(schema.member, Mapping) else {}
    return tuple(member.get(key, fields[key].default) for key in schema.named)


def _with_defaults(value, schema):
    if isinstance(schema, Mapping):
        return {key: _completed(value.get(key), known) for key, known in schema.fields.items()}
    if isinstance(schema, ListOf):
        return [_with_defaults(member, schema.member) for member in value]
    return value


def _completed(value, known):
    if value is None:
        value = known.default
    return value if value is None else _with_defaults(value, known.check)


def _module_image(image: dict, base: Path) -> dict:
    """An image as the module minikube_image takes it: the build context is its option ``path``, and paths are absolute."""
    paths = {option: str(_absolute(base, image[key])) if image[key] else None for option, key in (("path", "context"), ("archive", "archive"))}
    return {**{key: value for key, value in image.items() if key != "context"}, **paths}


def _absolute(base: Path, path: str) -> Path:
    return Path(base, Path(path).expanduser()).resolve()


def _path_problems(app: dict, base: Path) -> Problems:
    for number, image in enumerate(app["images"]):
        yield from _image_problems(f"{ROOT}.images[{number}]", image, base)
    for number, manifest in enumerate(app["manifests"]):
        path = _absolute(base, manifest)
        if not path.exists():
            yield f"{ROOT}.manifests[{number}]", f"there is no file or folder {path}"
        elif not _files_of(path):
            yield f"{ROOT}.manifests[{number}]", f"the folder {path} has no file that ends in {', '.join(MANIFEST_ENDINGS)}"


def _image_problems(path: str, image: dict, base: Path) -> Problems:
    if image["context"] and image["archive"]:
        yield path, "has a context and an archive; an image is either built or loaded from an archive"
    elif image["archive"] and not _absolute(base, image["archive"]).is_file():
        yield f"{path}.archive", f"there is no file {_absolute(base, image['archive'])}"
    if not image["context"]:
        return
    context = _absolute(base, image["context"])
    dockerfile = context / image["dockerfile"]
    if not context.is_dir():
        yield f"{path}.context", f"there is no folder {context}"
    elif not dockerfile.is_file():
        yield f"{path}.dockerfile", f"there is no file {dockerfile} (it is relative to the context)"


def _manifest_files(manifests: list[str], base: Path) -> list[str]:
    """The files in the order of the list, those of a folder by name, without duplicates."""
    files = (str(file) for manifest in manifests for file in _files_of(_absolute(base, manifest)))
    return list(dict.fromkeys(files))


def _files_of(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.iterdir() if file.is_file() and file.name.endswith(MANIFEST_ENDINGS))


def _key_problems(app: dict) -> Problems:
    try:
        known = sources_of(app["secrets"])
    except (StopIteration, TypeError, AttributeError):
        return  # the secrets are invalid, which is reported already
    for option in ("database", "auth"):
        reference = app[option]
        if reference and Ref(reference["secret"], reference["key"]) not in known:
            yield f"{ROOT}.{option}", f"refers to {reference['secret']}/{reference['key']}, which is not in {ROOT}.secrets"
    if app["auth"]:
        yield from _verifier_problems(app)
    if app["auth"] and not any(workload["signs"] for workload in app["workloads"]):
        yield f"{ROOT}.workloads", f"has no auth server, which {ROOT}.auth needs: set signs: true on the workload that signs tokens, usually the frontend"


def _verifier_problems(app: dict) -> Problems:
    own = f"{app['auth']['secret']}/{app['auth']['key']}"
    copies = {copy["secret"] for copy in _auth_locations(app)["secrets"][1:]}
    for number, verifier in enumerate(app["auth"]["verifiers"]):
        if verifier["secret"] not in copies:
            problem = f"{verifier['secret']} has no copy of {own}: add a key with copy: {own} to it in {ROOT}.secrets"
            yield f"{ROOT}.auth.verifiers[{number}].secret", problem


def _auth_locations(app: dict) -> dict:
    """The auth servers, and every key that must have Better Auth's secret: its own, and the copies of it."""
    own = Ref(app["auth"]["secret"], app["auth"]["key"])
    copies = [ref for ref, source in sources_of(app["secrets"]).items() if source.kind == "copy" and source.content == own]
    return {
        "servers": [{"workload": f"{workload['kind']}/{workload['name']}"} for workload in app["workloads"] if workload["signs"]],
        "secrets": [{"secret": ref.secret, "key": ref.key} for ref in (own, *copies)],
    }


def _require_none(problems: list[tuple[str, str]]) -> None:
    if not problems:
        return
    lines = [f"{path}: {problem}" for path, problem in problems]
    head = f"{ROOT} has an error" if len(lines) == 1 else f"{ROOT} has {len(lines)} errors"
    raise RunbookError("\n  ".join([f"{head}:", *lines]), problems=[{"path": path, "problem": problem} for path, problem in problems])
