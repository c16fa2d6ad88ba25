# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where and why a template cannot be rendered, without its text, which may contain a secret. Pure.

ansible-core 2.18 quotes the whole template and does not name its file; later ones quote the line.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.runbook.minikube.plugins.module_utils._internal.app.expressions import reason_of
from jinja2.exceptions import TemplateSyntaxError

INVALID_SYNTAX = "invalid Jinja syntax: check braces, quotes and the ends of blocks"


def template_problem(file: str, error: BaseException) -> str:
    """The file, the line if it is known, and the reason."""
    syntax = next((cause for cause in causes_of(error) if isinstance(cause, TemplateSyntaxError)), None)
    if syntax:
        return f"{file}, line {syntax.lineno}: {INVALID_SYNTAX}."
    return f"{file}: {reason_of(error)}."


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes. ansible-core 2.18 keeps the cause in an attribute of its own."""
    while error is not None:
        yield error
        error = getattr(error, "orig_exc", None) or error.__cause__ or error.__context__
