# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program that observes connections in a container with Node.js, of any version from 16.

It reads one line of JSON, {program, child, marker, timeout, url, targets: [{host, port, env, tls, http, path}], trials: [NODE_OPTIONS]}, and prints
between two markers {targets: [{host, port, url_problem, lookup, attempts, tls, http}], process, trials}. The first trial has the options of the
running process. NODE_OPTIONS of a trial are set for a child of their own, so nothing of the application changes.
"""

from __future__ import annotations

# Connects as an application does by default. Three times, as a connection that is only sometimes too slow fails only sometimes.
CHILD = r"""
const net = require("net"), dns = require("dns");
const connect = ({ host, port }, timeout) => new Promise((resolve) => {
  const began = Date.now();
  const socket = net.connect({ host, port });
  const end = (result) => { clearTimeout(timer); socket.destroy(); resolve({ ms: Date.now() - began, failure: "", name: "", errors: [], ...result }); };
  const timer = setTimeout(() => end({ failure: "TIMEOUT" }), timeout * 1000);
  socket.on("connect", () => end({}));
  socket.on("error", (error) => end({
    failure: error.code || error.name, name: error.name,
    errors: (error.errors || [error]).map((one) => [one.code || one.name, one.address || ""]),
  }));
});
const repeated = async (target, timeout) => {
  let result;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    result = await connect(target, timeout);
    if (result.failure) break;
  }
  return result;
};
let text = "";
process.stdin.on("data", (part) => { text += part; }).on("end", async () => {
  const { targets, timeout } = JSON.parse(text);
  const settings = {
    version: process.version, options: process.env.NODE_OPTIONS || "",
    auto_select_family: net.getDefaultAutoSelectFamily ? net.getDefaultAutoSelectFamily() : false,
    attempt_timeout: net.getDefaultAutoSelectFamilyAttemptTimeout ? net.getDefaultAutoSelectFamilyAttemptTimeout() : null,
    result_order: dns.getDefaultResultOrder ? dns.getDefaultResultOrder() : "",
  };
  const connects = await Promise.all(targets.map((target) => repeated(target, timeout)));
  process.stdout.write(JSON.stringify({ settings, connects }), () => process.exit(0));
});
"""

PROGRAM = r"""
const dns = require("dns"), fs = require("fs"), net = require("net"), path = require("path"), tls = require("tls");
const { spawnSync } = require("child_process");
const limit = task.timeout * 1000;
const within = (work, otherwise) => new Promise((resolve) => {
  const timer = setTimeout(() => resolve(otherwise()), limit);
  work((result) => { clearTimeout(timer); resolve(result); });
});
const measured = (work, otherwise) => {
  const began = Date.now();
  const full = (result) => ({ ms: Date.now() - began, failure: "", detail: "", ...result });
  return within((done) => work((result) => done(full(result))), () => full({ ...otherwise, failure: "TIMEOUT", detail: "no answer" }));
};
const failed = (error) => ({ failure: error.code || error.name, detail: String(error.message).slice(0, 200) });
const targetOf = (wanted) => {
  if (!wanted.env) return wanted;
  const url = (process.env[wanted.env] || "").trim();
  const found = url.match(new RegExp(task.url));
  if (!url || !found) return { ...wanted, url_problem: url ? "unclear" : "unset" };
  return { ...wanted, host: found[1].replace(/^\[|\]$/g, ""), port: Number(found[2] || wanted.port) };
};
const lookup = (host) => measured((done) => dns.lookup(host, { all: true, verbatim: true }, (error, addresses) => done(
  error ? { addresses: [], ...failed(error) } : { addresses })), { addresses: [] });
const attempt = ({ address, family }, port) => measured((done) => {
  const socket = net.connect({ host: address, port, family });
  const end = (result) => { socket.destroy(); done({ address, family, ...result }); };
  setTimeout(() => socket.destroy(), limit);
  socket.on("connect", () => end({})).on("error", (error) => end(failed(error)));
}, { address, family });
const nameOf = (host) => (net.isIP(host) ? {} : { servername: host });
const handshake = (target, host) => measured((done) => {
  const socket = tls.connect({ host, port: target.port, ...nameOf(target.host) });
  const end = (result) => { socket.destroy(); done(result); };
  socket.on("secureConnect", () => end({ protocol: socket.getProtocol() })).on("error", (error) => end(failed(error)));
}, {});
const request = (target, host) => measured((done) => {
  const headers = { Host: `${net.isIPv6(target.host) ? `[${target.host}]` : target.host}:${target.port}` };
  const options = { host, port: target.port, path: target.path, headers, agent: false, ...nameOf(target.host) };
  const outgoing = require(target.tls ? "https" : "http").request(options, (response) => {
    done({ status: response.statusCode });
    outgoing.destroy();
  });
  outgoing.on("error", (error) => done(failed(error)));
  outgoing.end();
}, {});
const observe = async (wanted) => {
  const target = targetOf(wanted);
  if (target.url_problem) return { url_problem: target.url_problem };
  const { addresses, ...found } = await lookup(target.host);
  const attempts = await Promise.all(addresses.map((one) => attempt(one, target.port)));
  const answering = attempts.find((one) => !one.failure);
  const result = { host: target.host, port: target.port, lookup: found, attempts };
  if (answering && target.tls) result.tls = await handshake(target, answering.address);
  if (answering && target.http && !(result.tls && result.tls.failure)) result.http = await request(target, answering.address);
  return result;
};
const quiet = (work, otherwise) => { try { return work(); } catch { return otherwise; } };
const variable = (pid) => {
  const entries = fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  return (entries.find((entry) => entry.startsWith("NODE_OPTIONS=")) || "").slice("NODE_OPTIONS=".length);
};
const processes = () => quiet(() => fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)), [])
  .filter((pid) => Number(pid) !== process.pid)
  .map((pid) => ({ pid, exe: path.basename(quiet(() => fs.readlinkSync(`/proc/${pid}/exe`), "")) }));
const flagsOf = (pid) => quiet(() => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0"), [])
  .filter((word) => /^--(no-)?(enable-)?network-family-autoselection|^--dns-result-order=/.test(word));
// In sources, and as bundlers write it: (0,net.setDefaultAutoSelectFamily)(!1).
const SETS_SELECTION = /setDefaultAutoSelectFamily(\)?\(\s*(false|!1)\s*\)|AttemptTimeout\)?\()/;
const sourceOf = (pid) => {
  const queue = [quiet(() => fs.readlinkSync(`/proc/${pid}/cwd`), "")].filter((folder) => folder && folder !== "/");
  for (let read = 0; queue.length && read < 3000; read += 1) {
    const entry = queue.shift();
    const kind = quiet(() => fs.lstatSync(entry), null);
    if (kind && kind.isDirectory() && path.basename(entry) !== "node_modules") {
      queue.push(...quiet(() => fs.readdirSync(entry), []).map((name) => path.join(entry, name)));
    } else if (kind && kind.isFile() && /\.[cm]?[jt]sx?$/.test(entry) && kind.size < 4e6) {
      if (SETS_SELECTION.test(quiet(() => fs.readFileSync(entry, "utf8"), ""))) return entry;
    }
  }
  return "";
};
const run = async () => {
  const targets = await Promise.all(task.targets.map(observe));
  const running = processes();
  const own = running.find((one) => one.exe === path.basename(process.execPath));
  const options = own ? quiet(() => variable(own.pid), null) : null;
  const flags = own ? flagsOf(own.pid) : [];
  const container_options = process.env.NODE_OPTIONS || "";
  const foreign = ["bun", "deno"].find((name) => running.some((one) => one.exe === name) || process.versions[name]);
  const found = {
    runtime: foreign || "node", found: options !== null, container_options,
    options: options === null ? container_options : options, source: own ? sourceOf(own.pid) : "",
  };
  const input = JSON.stringify({ targets: targets.filter((one) => one.host), timeout: task.timeout });
  const node = (words, NODE_OPTIONS, stdin) => spawnSync(process.execPath, [...flags, ...words], {
    env: { ...process.env, NODE_OPTIONS }, input: stdin, encoding: "utf8", timeout: (task.timeout * 3 + 10) * 1000,
  });
  const tried = (options) => {
    const start = node(["-e", "0"], options, "");
    const detail = (start.stderr || "").trim().split("\n").pop().slice(0, 200);
    if (start.status !== 0) return { options, exit_code: start.status, detail };
    return { options, exit_code: 0, detail: "", ...quiet(() => JSON.parse(node(["-e", task.child], options, input).stdout), {}) };
  };
  const trials = foreign ? [] : [found.options, ...task.trials].map(tried);
  const line = "\n" + task.marker + JSON.stringify({ targets, process: found, trials }) + task.marker + "\n";
  process.stdout.write(line, () => process.exit(0));
};
run();
"""
