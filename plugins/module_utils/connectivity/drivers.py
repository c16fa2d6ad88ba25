# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that make HTTP requests inside a container with python or node: one line of JSON in, one out.

They read {marker, timeout, requests: [{method, host, port, path, body, secret_headers}]} and print, between two markers, a list of
{status, body} or {failure, detail}. Neither follows redirects nor uses a proxy. Python is 3.8 or later, Node.js 18 or later.
"""

from __future__ import annotations

import json

from ansible_collections.runbook.minikube.plugins.module_utils.connectivity.model import Answer, Request

LIMIT = 4 * 1024 * 1024  # bytes of a body that are read; metadata of a sidecar are some kilobytes

PYTHON = r"""
import http.client, json, os, socket, sys
task = json.loads(sys.stdin.readline())
def headers_of(request):
    headers = {"Content-Type": "application/json"} if request["body"] else {}
    for name, variable in request["secret_headers"].items():
        if os.environ.get(variable):
            headers[name] = os.environ[variable].strip()
    return headers
def ask(request):
    connection = http.client.HTTPConnection(request["host"], request["port"], timeout=task["timeout"])
    try:
        connection.request(request["method"], request["path"], request["body"].encode() or None, headers_of(request))
        answer = connection.getresponse()
        return {"status": answer.status, "body": answer.read(task["limit"]).decode("utf-8", "replace")}
    except ConnectionRefusedError as error:
        return {"failure": "refused", "detail": str(error)}
    except socket.timeout as error:
        return {"failure": "timed_out", "detail": str(error)}
    except (OSError, http.client.HTTPException) as error:
        return {"failure": "broken", "detail": "%s: %s" % (type(error).__name__, error)}
    except ValueError:
        return {"failure": "broken", "detail": "the value of a header can't be sent"}
    finally:
        connection.close()
answers = [ask(request) for request in task["requests"]]
sys.stdout.write("\n" + task["marker"] + json.dumps(answers) + task["marker"] + "\n")
"""

NODE = r"""
const http = require("http");
const headersOf = (request) => {
  const headers = request.body ? { "Content-Type": "application/json" } : {};
  for (const [name, variable] of Object.entries(request.secret_headers)) {
    const value = process.env[variable];
    if (value) headers[name] = value.trim();
  }
  return headers;
};
const failureOf = (error) => {
  if (error.code === "ECONNREFUSED") return { failure: "refused", detail: error.message };
  if (error.code === "LATE") return { failure: "timed_out", detail: "timed out" };
  if (error.code === "ERR_INVALID_CHAR") return { failure: "broken", detail: "the value of a header can't be sent" };
  return { failure: "broken", detail: error.code + ": " + error.message };
};
const ask = (request, task) => new Promise((resolve) => {
  const { method, host, port, path } = request;
  let sent, timer, size = 0;
  const end = (told) => { clearTimeout(timer); resolve(told); if (sent) sent.destroy(); };
  const fail = (error) => end(failureOf(error));
  const read = (answer) => {
    const parts = [];
    const tell = () => end({ status: answer.statusCode, body: Buffer.concat(parts).toString() });
    answer.on("error", fail).on("end", tell).on("data", (part) => {
      parts.push(part);
      if ((size += part.length) >= task.limit) tell();
    });
  };
  timer = setTimeout(() => fail({ code: "LATE" }), task.timeout * 1000);
  try {
    sent = http.request({ method, host, port, path, headers: headersOf(request), agent: false }, read);
    sent.on("error", fail);
    sent.end(request.body);
  } catch (error) { fail(error); }
});
const work = async (task) => {
  const answers = [];
  for (const request of task.requests) answers.push(await ask(request, task));
  const line = "\n" + task.marker + JSON.stringify(answers) + task.marker + "\n";
  process.stdout.write(line, () => process.exit(0));
};
let text = "";
process.stdin.on("data", (part) => {
  text += part;
  const end = text.indexOf("\n");
  if (end >= 0) { process.stdin.pause(); work(JSON.parse(text.slice(0, end))); }
});
"""


def task_of(requests: list[Request], timeout: int, marker: str) -> bytes:
    """The line that both programs read. ``timeout``: seconds for each request."""
    task = {"marker": marker, "timeout": timeout, "limit": LIMIT, "requests": [vars(request) for request in requests]}
    return json.dumps(task).encode() + b"\n"


def answers_of(output: str, marker: str) -> list[Answer] | None:
    """What the programs say, None where there is no answer of theirs in the output."""
    parts = output.split(marker)
    if len(parts) != 3:
        return None
    return [Answer(one.get("status"), one.get("body", ""), one.get("failure", ""), one.get("detail", "")) for one in json.loads(parts[1])]
