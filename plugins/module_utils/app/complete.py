# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turns the description that a person wrote into the complete one that the roles read: merge, check, complete.

The file system is asked only whether a named file or folder is there.
"""

from __future__ import annotations

from pathlib import Path

from ansible_collections.runbook.minikube.plugins.module_utils.app.schema import APP, Each, Mapping, Problems, kind_of
from ansible_collections.runbook.minikube.plugins.module_utils.errors import RunbookError
from ansible_collections.runbook.minikube.plugins.module_utils.secret_sources import Ref, problems_of, sources_of

ROOT = "runbook_app"
OVERRIDES_EXAMPLE = """On the command line it is given as JSON: -e '{"runbook_app_overrides": {"namespace": "staging"}}'."""
MANIFEST_ENDINGS = (".yml", ".yaml", ".yml.j2", ".yaml.j2")


def complete_app(app: dict, directory: str, overrides: dict | None = None) -> dict:
    """The description of an application, merged with ``overrides``, checked and completed.

    ``directory`` is the absolute folder that its relative paths start from. Raises RunbookError with every problem found.
    """
    base = Path(directory)
    if not base.is_absolute():
        raise RunbookError(
            f"The folder of {ROOT} must be an absolute path, and is '{directory}'. Pass the folder of the file that defines it."
        )
    if overrides is not None and not isinstance(overrides, dict):
        raise RunbookError(f"{ROOT}_overrides must be a mapping with keys of {ROOT}, and is {kind_of(overrides)}. {OVERRIDES_EXAMPLE}")
    merged = merge(app, overrides, APP) if overrides and isinstance(app, dict) else app
    _refuse(list(APP(ROOT, merged)))
    completed = _with_defaults(merged, APP)
    _refuse([*problems_of(completed["secrets"], f"{ROOT}.secrets"), *_key_problems(completed), *_path_problems(completed, base)])
    completed["images"] = [_with_absolute_paths(image, base) for image in completed["images"]]
    completed["manifests"] = _manifest_files(completed["manifests"], base)
    completed["rollout"] = [{key: workload[key] for key in ("kind", "name", "dapr")} for workload in completed["workloads"]]
    completed["auth"] = completed["auth"] and {**completed["auth"], **_auth_places(completed)}
    return completed


def merge(below, above, form=None):
    """``above`` laid over ``below``: mappings key by key, lists of named things by name, everything else replaced."""
    if isinstance(below, dict) and isinstance(above, dict):
        fields = form.fields if isinstance(form, Mapping) else {}
        keys = [*below, *(key for key in above if key not in below)]
        return {key: _merged_key(key, below, above, fields) for key in keys}
    if isinstance(form, Each) and form.named and isinstance(below, list) and isinstance(above, list):
        return _merged_by_name(below, above, form)
    return above


def _merged_key(key, below: dict, above: dict, fields: dict):
    if key not in above:
        return below[key]
    if key not in below:
        return above[key]
    return merge(below[key], above[key], fields[key].check if key in fields else None)


def _merged_by_name(below: list, above: list, form: Each) -> list:
    merged = list(below)
    for member in above:
        same = [number for number, known in enumerate(merged) if _name(known, form) == _name(member, form)]
        if same and isinstance(member, dict):
            merged[same[0]] = merge(merged[same[0]], member, form.member)
        else:
            merged.append(member)
    return merged


def _name(member, form: Each):
    """What tells members apart, with defaults, so that an override need not repeat ``kind: Deployment``."""
    if not isinstance(member, dict):
        return object()
    fields = form.member.fields
    return tuple(member.get(key, fields[key].default) for key in form.named)


def _with_defaults(value, form):
    if isinstance(form, Mapping):
        return {key: _completed(value.get(key), known) for key, known in form.fields.items()}
    if isinstance(form, Each):
        return [_with_defaults(member, form.member) for member in value]
    return value


def _completed(value, known):
    if value is None:
        value = known.default
    return value if value is None else _with_defaults(value, known.check)


def _with_absolute_paths(image: dict, base: Path) -> dict:
    """A context and an archive stand beside the application's file; an image with neither is one that this host's engine has."""
    return {**image, **{key: str(_absolute(base, image[key])) for key in ("context", "archive") if image[key]}}


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
        yield path, "has a context and an archive; an image is either built or taken from an archive"
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
    """In the order of the list, a folder's files by name, no file twice."""
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
        return  # the secrets themselves are wrong, and reported
    for option in ("database", "auth"):
        named = app[option]
        if named and Ref(named["secret"], named["key"]) not in known:
            yield f"{ROOT}.{option}", f"names {named['secret']}/{named['key']}, which is not among {ROOT}.secrets"
    if app["auth"] and not any(workload["signs"] for workload in app["workloads"]):
        yield f"{ROOT}.workloads", f"holds none that signs, which {ROOT}.auth is about: set signs: true on it, usually the frontend"


def _auth_places(app: dict) -> dict:
    """Who signs with Better Auth's secret, and every key that has to hold it: its own, and the copies of that."""
    own = Ref(app["auth"]["secret"], app["auth"]["key"])
    copies = [ref for ref, source in sources_of(app["secrets"]).items() if source.kind == "copy" and source.content == own]
    return {
        "signers": [{"workload": f"{workload['kind']}/{workload['name']}"} for workload in app["workloads"] if workload["signs"]],
        "places": [{"secret": ref.secret, "key": ref.key} for ref in (own, *copies)],
    }


def _refuse(problems: list[tuple[str, str]]) -> None:
    if not problems:
        return
    lines = [f"{place}: {sentence}" for place, sentence in problems]
    head = f"{ROOT} has an error" if len(lines) == 1 else f"{ROOT} has {len(lines)} errors"
    raise RunbookError("\n  ".join([f"{head}:", *lines]), problems=[{"path": place, "problem": sentence} for place, sentence in problems])
