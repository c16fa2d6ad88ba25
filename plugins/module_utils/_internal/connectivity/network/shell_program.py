# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The script that observes connections in a container with only sh: names with getent or nslookup, addresses with nc, bash or curl.

It prints a line for each observation, its fields separated by the marker: "lookup", index, milliseconds, code; "address", index, address;
"attempt", index, address, milliseconds, exit code, message; "url", index, host, port; and "end". It checks neither TLS nor HTTP.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from .model import TIMEOUT, NetworkTarget

REASONS = (("refused", "ECONNREFUSED"), ("network.*unreachable", "ENETUNREACH"), ("host.*unreachable|no route", "EHOSTUNREACH"), ("timed? ?out", TIMEOUT),
           ("cannot assign requested address", "EADDRNOTAVAIL"))
ENDED_BY_TIMEOUT = (124, 143, 28)  # exit codes of coreutils' timeout, of BusyBox's, and of curl

# /proc/uptime counts hundredths of a second; BusyBox's date has only seconds.
SCRIPT = r"""
export LC_ALL=C
say() { line=; for field in "$@"; do line=$line$field$marker; done; printf '\n%s%s\n' "$marker" "$line"; }
now() { read -r up rest < /proc/uptime; clock=${up%.*}${up#*.}; }
hosts() { sed 's/#.*//' /etc/hosts 2>/dev/null | while read -r address names; do
  for name in $names; do [ "$name" != "$1" ] || echo "$address"; done; done; }
asked() { for domain in $(sed -n 's/^search //p' /etc/resolv.conf) .; do
  found=$(nslookup "$1.${domain#.}" 2>&1 | sed -n '/^Name:/,$p' | sed -n 's/^Address[^:]*: *\([^ ]*\).*/\1/p')
  [ -z "$found" ] || { echo "$found"; return; }; done; }
addresses() {
  case $1 in *:*) echo "$1"; return;; *[!0-9.]*) ;; *) echo "$1"; return;; esac
  found=$(hosts "$1")
  if [ -n "$found" ]; then :
  elif command -v getent >/dev/null 2>&1; then found=$(getent ahosts "$1" | sed 's/ .*//')
  elif command -v nslookup >/dev/null 2>&1; then found=$(asked "$1")
  fi
  echo "$found" | sort -u; }
options=$(nc -h 2>&1)
if case $options in *-z*) ;; *) false;; esac; then
  connect() { nc -v -z -w "$timeout" "$1" "$2" </dev/null 2>&1; }
elif case $options in *-e\ PROG*) ;; *) false;; esac; then  # BusyBox, usually built without -z
  connect() { nc -w "$timeout" "$1" "$2" -e true </dev/null 2>&1; }
elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
  connect() { timeout "$timeout" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1; }
elif command -v curl >/dev/null 2>&1; then
  connect() { curl -q -sS --connect-timeout "$timeout" "telnet://$1:$2" </dev/null 2>&1 >/dev/null; }
else echo 'neither nc nor bash nor curl' >&2; exit 127; fi
attempt() { # index, address, port
  now; began=$clock
  message=$(connect "$2" "$3"); code=$?
  now; say attempt "$1" "$2" "$(( (clock - began) * 10 ))" "$code" "$(printf '%s' "$message" | tail -n 1)"; }
observe() { # index, host, port
  say url "$1" "$2" "$3"
  now; began=$clock
  list=$(addresses "$2")
  now; say lookup "$1" "$(( (clock - began) * 10 ))" "${list:+found}"
  for address in $list; do attempt "$1" "$address" "$3"; done; }
from_url() { # index, value, default port
  rest=${2#*://}; rest=${rest##*@}; rest=${rest%%[/?]*}
  case $2 in *://*) ;; ?*) say url "$1" unclear; return;; *) say url "$1" unset; return;; esac
  case $rest in
    \[*\]) host=$rest port=$3;;
    *:*) host=${rest%:*} port=${rest##*:};;
    *) host=$rest port=$3;;
  esac
  host=${host#\[} host=${host%\]}
  case $port in ''|*[!0-9]*) host=;; esac
  case $host in ''|*[!A-Za-z0-9._:-]*) say url "$1" unclear;; *) observe "$1" "$host" "$port";; esac; }
"""


def script_of(targets: Iterable[NetworkTarget], timeout: int, marker: str) -> str:
    """The whole script. ``timeout``: seconds for each connection."""
    calls = []
    for index, target in enumerate(targets):
        value = f'"${{{target.env}:-}}"' if target.env else shlex.quote(target.host)
        calls.append(f"{'from_url' if target.env else 'observe'} {index} {value} {target.port}")
    return "\n".join([f"marker={marker} timeout={timeout}", SCRIPT, *calls, "say end"]) + "\n"


def answer_of(output: str, targets: tuple[NetworkTarget, ...], marker: str, timeout: int) -> dict | None:
    """The answer in the form of the other programs, None if the script did not reach its end."""
    lines = [line.removeprefix(marker).split(marker)[:-1] for line in output.splitlines() if line.startswith(marker)]
    if ["end"] not in lines:
        return None
    return {"targets": [_target_of([line for line in lines if line[1:2] == [str(index)]], timeout) for index in range(len(targets))]}


def _target_of(lines: list[list[str]], timeout: int) -> dict:
    url, lookup = (next((line[2:] for line in lines if line[0] == kind), []) for kind in ("url", "lookup"))
    if len(url) < 2:
        return {"url_problem": url[0] if url else "unset"}
    found = lookup[1:] == ["found"]
    return {
        "host": url[0], "port": int(url[1]),
        "lookup": {"ms": int(lookup[0]), "failure": "" if found else "ENOTFOUND", "detail": "" if found else "the name was not found"},
        "attempts": [_attempt_of(line[2:], timeout) for line in lines if line[0] == "attempt"],
    }  # fmt: skip


def _attempt_of(fields: list[str], timeout: int) -> dict:
    address, ms, code, message = fields
    return {
        "address": address, "family": 6 if ":" in address else 4, "ms": int(ms),
        "failure": _failure(int(code), int(ms), message, timeout), "detail": message[:200] if code != "0" else "",
    }  # fmt: skip


def _failure(code: int, ms: int, message: str, timeout: int) -> str:
    if code == 0:
        return ""
    known = next((name for pattern, name in REASONS if re.search(pattern, message, re.IGNORECASE)), "")
    return known or (TIMEOUT if code in ENDED_BY_TIMEOUT or ms >= timeout * 1000 else "FAILED")
