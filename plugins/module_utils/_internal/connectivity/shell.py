# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTP requests inside a container with sh and either curl or wget (GNU or BusyBox).

The script prints, each followed by the marker: nothing, the tool's name, and for each request its body, the tool's messages, and
its exit code.
"""

from __future__ import annotations

import re
import shlex

from .model import BROKEN, REFUSED, TIMED_OUT, HttpRequest, HttpResponse

CURL_FAILURES = {7: REFUSED, 28: TIMED_OUT}
ENDED_BY_TIMEOUT = (124, 143)  # exit codes of coreutils' timeout, and of BusyBox's

# curl reads a secret header from its standard input, so that no process has it in its arguments; wget cannot do that, so it sends none.
# A BusyBox may be built without -T, and Debian's then crashes on it. So wget runs under timeout there, if that exists.
SCRIPT = r"""
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
export LC_ALL=C no_proxy='*'
exec 3>&1
end() { printf '%s' "$marker"; }
with_curl() { # method, URL, body, header
  header=$4
  set -- -X "$1" "$2" ${3:+-H 'Content-Type: application/json' --data-raw "$3"}
  printf '%s\n' "$header" | curl -q -sS --max-time "$timeout" -o - -w '\n%{http_code}' -H @- "$@" 2>&1 >&3
}
with_wget() { # as with_curl, without the header; only a body makes it a POST
  url=$2 limit=
  set -- ${3:+--header 'Content-Type: application/json' --post-data "$3"}
  case $(wget --version 2>&1) in
    *GNU*) set -- -nv -t 1 -T "$timeout" --content-on-error --max-redirect=0 "$@" ;;
    *-T*) set -- -q -T "$timeout" "$@" ;;
    *) set -- -q "$@"; ! command -v timeout >/dev/null 2>&1 || limit="timeout $timeout" ;;
  esac
  $limit wget -S -O - "$@" "$url" 2>&1 >&3
}
send() {
  messages=$("with_$tool" "$@"); code=$?
  end; printf '%s' "$messages"; end; printf '%s' "$code"; end
}
if command -v curl >/dev/null 2>&1; then tool=curl
elif command -v wget >/dev/null 2>&1; then tool=wget
else echo 'neither curl nor wget' >&2; exit 127; fi
end; printf '%s' "$tool"; end
"""


def script_of(requests: list[HttpRequest], timeout: int, marker: str) -> str:
    """The whole script. ``timeout``: seconds for each request."""
    return "\n".join([f"marker={marker} timeout={timeout}", SCRIPT, *map(_call, requests)]) + "\n"


def responses_of(output: str, marker: str) -> tuple[str, list[HttpResponse]] | None:
    """(curl or wget, its responses), None if the script did not finish."""
    fields = output.split(marker)[1:-1]
    if len(fields) < 1 or len(fields) % 3 != 1:
        return None
    tool, *rest = fields
    reader = {"curl": _of_curl, "wget": _of_wget}[tool]
    return tool, [reader(body, messages.strip(), int(code)) for body, messages, code in zip(rest[::3], rest[1::3], rest[2::3], strict=True)]


def _call(request: HttpRequest) -> str:
    url = f"http://{request.host}:{request.port}{request.path}"
    words = " ".join(shlex.quote(word) for word in (request.method, url, request.body))
    (name, variable), *_none = [*request.secret_headers.items(), ("", "")]
    return f'send {words} "${{{variable}:+{name}: ${variable}}}"' if name else f'send {words} ""'


def _of_curl(body: str, messages: str, code: int) -> HttpResponse:
    text, _newline, status = body.rpartition("\n")
    if code == 0 and status.isdigit():
        return HttpResponse(int(status), text)
    return HttpResponse(None, "", CURL_FAILURES.get(code, BROKEN), messages)


def _of_wget(body: str, messages: str, code: int) -> HttpResponse:
    status = re.search(r"^ *HTTP/\S+ (\d{3})", messages, re.MULTILINE)
    if status:
        return HttpResponse(int(status[1]), body)
    if code == 0:  # an old wget of BusyBox does not show the status of a success
        return HttpResponse(200, body)
    late = code in ENDED_BY_TIMEOUT or "timed out" in messages
    failure = REFUSED if "refused" in messages else TIMED_OUT if late else BROKEN
    return HttpResponse(None, "", failure, (messages.splitlines() or [f"wget exited with code {code}"])[-1])
