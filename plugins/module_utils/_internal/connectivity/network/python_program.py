# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program that observes connections in a container with Python, 3.8 or later. Its task and its answer are those of node_program.py."""

from __future__ import annotations

PROGRAM = r"""
import concurrent.futures, errno, http.client, os, re, socket, ssl, time
limit = task["timeout"]
NAMES = {getattr(socket, name): code for name, code in (
    ("EAI_AGAIN", "EAI_AGAIN"), ("EAI_NONAME", "ENOTFOUND"), ("EAI_NODATA", "ENOTFOUND"), ("EAI_FAIL", "EAI_FAIL")) if hasattr(socket, name)}
def code_of(error):
    if isinstance(error, socket.gaierror):
        return NAMES.get(error.errno, "EAI_FAIL")
    if isinstance(error, socket.timeout):
        return "TIMEOUT"
    return errno.errorcode.get(getattr(error, "errno", None), type(error).__name__)
def measured(work, **otherwise):
    began = time.monotonic()
    result = {"failure": "", "detail": ""}
    try:
        result.update(work())
    except (OSError, ValueError, http.client.HTTPException) as error:
        result.update(otherwise, failure=code_of(error), detail=str(error)[:200])
    return dict(result, ms=round((time.monotonic() - began) * 1000))
pool = concurrent.futures.ThreadPoolExecutor(16)
def within(work, **otherwise):
    def waited():
        try:
            return pool.submit(work).result(limit)
        except concurrent.futures.TimeoutError:
            raise socket.timeout("no answer")
    return measured(waited, **otherwise)
def target_of(wanted):
    if not wanted["env"]:
        return wanted
    url = os.environ.get(wanted["env"], "").strip()
    found = re.match(task["url"], url, re.DOTALL)
    if not found:
        return dict(wanted, url_problem="unclear" if url else "unset")
    return dict(wanted, host=found[1].strip("[]"), port=int(found[2] or wanted["port"]))
def addresses_of(host):
    found = []
    for family, _type, _protocol, _name, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        entry = {"address": address[0], "family": 6 if family == socket.AF_INET6 else 4}
        if entry not in found:
            found.append(entry)
    return found
def attempt(one, port):
    def connect():
        socket.create_connection((one["address"], port), timeout=limit).close()
        return one
    return measured(connect, **one)
def handshake(target, address):
    def shake():
        context = ssl.create_default_context()
        with socket.create_connection((address, target["port"]), timeout=limit) as plain:
            with context.wrap_socket(plain, server_hostname=target["host"]) as secured:
                return {"protocol": secured.version()}
    return measured(shake)
def request(target, address):
    def ask():
        port = target["port"]
        plain = socket.create_connection((address, port), timeout=limit)
        if target["tls"]:
            plain = ssl.create_default_context().wrap_socket(plain, server_hostname=target["host"])
        connection = http.client.HTTPConnection(target["host"], port, timeout=limit)
        connection.sock = plain
        try:
            connection.request("GET", target["path"])
            return {"status": connection.getresponse().status}
        finally:
            connection.close()
    return measured(ask)
def observe(wanted):
    target = target_of(wanted)
    if target.get("url_problem"):
        return {"url_problem": target["url_problem"]}
    lookup = within(lambda: {"addresses": addresses_of(target["host"])}, addresses=[])
    attempts = [one.result() for one in [pool.submit(attempt, one, target["port"]) for one in lookup.pop("addresses")]]
    result = {"host": target["host"], "port": target["port"], "lookup": lookup, "attempts": attempts}
    answering = next((one for one in attempts if not one["failure"]), None)
    if answering and target["tls"]:
        result["tls"] = handshake(target, answering["address"])
    if answering and target["http"] and not (result.get("tls") or {}).get("failure"):
        result["http"] = request(target, answering["address"])
    return result
with_threads = concurrent.futures.ThreadPoolExecutor(4)
observed = list(with_threads.map(observe, task["targets"]))
sys.stdout.write("\n" + task["marker"] + json.dumps({"targets": observed}) + task["marker"] + "\n")
sys.stdout.flush()
os._exit(0)
"""
