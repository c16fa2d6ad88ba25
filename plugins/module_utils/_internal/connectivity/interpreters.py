# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that send HTTP requests inside a container with python or node: one line of JSON in, one out.

They read {marker, timeout, requests: [{method, host, port, path, body, secret_headers}]} and print, between two markers, a list of
{status, body} or {failure, detail}. Neither follows redirects nor uses a proxy. Python is 3.8 or later, Node.js 18 or later.
"""

from __future__ import annotations

import json

from .model import HttpRequest, HttpResponse

BODY_LIMIT = 4 * 1024 * 1024  # bytes of a body that are read; the metadata of a sidecar are some kilobytes

PYTHON = r"""
import http.client, json, os, socket, sys
task = json.loads(sys.stdin.readline())
def headers_of(request):
    headers = {"Content-Type": "application/json"} if request["body"] else {}
    for name, variable in request["secret_headers"].items():
        if os.environ.get(variable):
            headers[name] = os.environ[variable].strip()
    return headers
def send(request):
    connection = http.client.HTTPConnection(request["host"], request["port"], timeout=task["timeout"])
    try:
        connection.request(request["method"], request["path"], request["body"].encode() or None, headers_of(request))
        response = connection.getresponse()
        return {"status": response.status, "body": response.read(task["limit"]).decode("utf-8", "replace")}
    except ConnectionRefusedError as error:
        return {"failure": "refused", "detail": str(error)}
    except socket.timeout as error:
        return {"failure": "timed_out", "detail": str(error)}
    except (OSError, http.client.HTTPException) as error:
        return {"failure": "broken", "detail": "%s: %s" % (type(error).__name__, error)}
    except ValueError:
        return {"failure": "broken", "detail": "the value of a header cannot be sent"}
    finally:
        connection.close()
responses = [send(request) for request in task["requests"]]
sys.stdout.write("\n" + task["marker"] + json.dumps(responses) + task["marker"] + "\n")
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
  if (error.code === "ERR_INVALID_CHAR") return { failure: "broken", detail: "the value of a header cannot be sent" };
  return { failure: "broken", detail: error.code + ": " + error.message };
};
const send = (request, task) => new Promise((resolve) => {
  const { method, host, port, path } = request;
  let outgoing, timer, size = 0;
  const end = (result) => { clearTimeout(timer); resolve(result); if (outgoing) outgoing.destroy(); };
  const fail = (error) => end(failureOf(error));
  const read = (response) => {
    const parts = [];
    const finish = () => end({ status: response.statusCode, body: Buffer.concat(parts).toString() });
    response.on("error", fail).on("end", finish).on("data", (part) => {
      parts.push(part);
      if ((size += part.length) >= task.limit) finish();
    });
  };
  timer = setTimeout(() => fail({ code: "LATE" }), task.timeout * 1000);
  try {
    outgoing = http.request({ method, host, port, path, headers: headersOf(request), agent: false }, read);
    outgoing.on("error", fail);
    outgoing.end(request.body);
  } catch (error) { fail(error); }
});
const run = async (task) => {
  const responses = [];
  for (const request of task.requests) responses.push(await send(request, task));
  const line = "\n" + task.marker + JSON.stringify(responses) + task.marker + "\n";
  process.stdout.write(line, () => process.exit(0));
};
let text = "";
process.stdin.on("data", (part) => {
  text += part;
  const end = text.indexOf("\n");
  if (end >= 0) { process.stdin.pause(); run(JSON.parse(text.slice(0, end))); }
});
"""


def task_of(requests: list[HttpRequest], timeout: int, marker: str) -> bytes:
    """The line that both programs read. ``timeout``: seconds for each request."""
    task = {"marker": marker, "timeout": timeout, "limit": BODY_LIMIT, "requests": [vars(request) for request in requests]}
    return json.dumps(task).encode() + b"\n"


def responses_of(output: str, marker: str) -> list[HttpResponse] | None:
    """The responses that the programs print, None if the output has none."""
    parts = output.split(marker)
    if len(parts) != 3:
        return None
    return [HttpResponse(item.get("status"), item.get("body", ""), item.get("failure", ""), item.get("detail", "")) for item in json.loads(parts[1])]
