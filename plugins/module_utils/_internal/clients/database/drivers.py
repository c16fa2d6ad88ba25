# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two programs that run a transaction inside a pod, for the runtimes of the application's containers.

Both read one line of JSON, {url_env, schema, connect, autocommit, settings: [sql], statements: [{sql, sql_for_psycopg2, parameters, count}]}, and print
one line of JSON: {results: [{count, rows}]}, {wrong_count: {index, found}}, {error: {message, sqlstate, committing}}, {refused: why}, {no_url} or
{no_driver}. The database's URL is the container's own.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field

from ..cluster.loaders import NODE, PYTHON
from . import portable

PYTHON_PROGRAM = r"""
import json, os
def say(**what):
    print(json.dumps(what), flush=True)
    os._exit(0)
try:
    try:
        import psycopg2 as driver
    except ImportError:
        import psycopg as driver
except ImportError:
    say(no_driver="neither psycopg2 nor psycopg")
url = os.environ.get(task["url_env"])
if not url:
    say(no_url=True)
try:
    parameters, schemas = parameters_of(url.strip())
except InvalidUrl as error:
    say(refused=str(error))
libpq = driver.pq.version() if driver.__name__ == "psycopg" else driver.extensions.libpq_version()
unknown = unsupported(parameters, libpq)
if unknown:
    say(refused=unknown + ". Update the driver in the container, or remove the parameter from the URL")
if task["schema"] and schemas and task["schema"] not in schemas:
    say(refused="names the schema %s, but the option schema is %s. Correct one of the two" % (", ".join(schemas), task["schema"]))
def carry_out(cursor, index, statement):
    cursor.execute(statement["sql_for_psycopg2"], named(statement["parameters"]))
    rows = cursor.fetchall() if cursor.description else []
    names = [column[0] for column in cursor.description or []]
    if statement["count"] is not None and cursor.rowcount != statement["count"]:
        found = cursor.rowcount
        connection.rollback()
        say(wrong_count={"index": index, "found": found})
    return {"count": cursor.rowcount, "rows": [dict(zip(names, row)) for row in rows]}
committing = False
try:
    connection = driver.connect(**dict(parameters, connect_timeout=task["connect"]))
    if driver.__name__ == "psycopg":
        connection.prepare_threshold = None  # prepared statements break behind a pooler; psycopg2 uses none
    connection.autocommit = bool(task.get("autocommit"))
    cursor = connection.cursor()
    for setting in task["settings"] + ([search_path(schemas)] if schemas and not task.get("autocommit") else []):
        cursor.execute(setting)
    results = [carry_out(cursor, index, statement) for index, statement in enumerate(task["statements"])]
    committing = True
    connection.commit()
    say(results=results)
except (driver.Error, ValueError) as error:
    code = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)
    say(error={"message": str(error), "sqlstate": code or "", "committing": committing})
"""

NODE_PROGRAM = r"""
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n", () => process.exit(0));
const encoded = (text) => {
  try { return encodeURIComponent(decodeURIComponent(text)); } catch { return encodeURIComponent(text); }
};
const work = async () => {
  let driver;
  try { driver = require("pg"); } catch { return say({ no_driver: "no pg" }); }
  const url = process.env[task.url_env];
  if (!url) return say({ no_url: true });
  const text = url.trim();
  const mistake = task.mistakes.find(([pattern]) => new RegExp(pattern).test(text));
  if (mistake) return say({ refused: mistake[1] });
  const parts = text.match(new RegExp(task.parts));
  const unclear = parts && new RegExp(task.port_or_password).test(parts[3] ?? "") && !new RegExp(task.of_sqlalchemy).test(text);
  if (!parts || unclear) return say({ refused: task.invalid });
  if (new RegExp(task.hosts).test(parts[4])) return say({ refused: task.several_hosts });
  const account = [parts[2], parts[3]].filter((one) => one !== undefined).map(encoded).join(":");
  const [, place, parameters] = parts[4].match(/^([^?]*)\??(.*)$/s);
  const query = new URLSearchParams(parameters);
  if (query.has("sslcert") && !query.has("sslkey")) {  // as Prisma means it, see portable.py
    query.set("sslrootcert", query.get("sslcert"));
    query.delete("sslcert");
  }
  if (query.get("sslaccept") === "strict" && query.get("sslmode") !== "disable") query.set("sslmode", "verify-full");
  const named = new Set(task.schema_words.flatMap((word) => query.getAll(word)));
  if (named.size > 1) return say({ refused: task.several_schemas });
  const schemas = [...named].flatMap((one) => one.split(",")).map((one) => one.trim().replace(/^"+|"+$/g, "")).filter(Boolean);
  if (task.schema && schemas.length && !schemas.includes(task.schema)) {
    return say({ refused: `names the schema ${schemas.join(", ")}, but the option schema is ${task.schema}. Correct one of the two` });
  }
  const path = schemas.map((one) => '"' + one.replaceAll('"', '""') + '"').join(", ");
  let committing = false;
  try {
    const connectionString = `${parts[1]}://${account}${account ? "@" : ""}${place}${parameters ? `?${query}` : ""}`;
    const client = new driver.Client({ connectionString, connectionTimeoutMillis: task.connect * 1000 });
    client.on("error", () => {});
    await client.connect();
    if (!task.autocommit) await client.query("BEGIN");
    for (const setting of [...task.settings, ...(path && !task.autocommit ? [`SET LOCAL search_path TO ${path}`] : [])]) await client.query(setting);
    const results = [];
    for (const [index, statement] of task.statements.entries()) {
      const done = await client.query(statement.sql, statement.parameters);
      if (statement.count !== null && done.rowCount !== statement.count) {
        await client.query("ROLLBACK");
        return say({ wrong_count: { index, found: done.rowCount } });
      }
      results.push({ count: done.rowCount ?? -1, rows: done.rows });
    }
    committing = true;
    if (!task.autocommit) await client.query("COMMIT");
    return say({ results });
  } catch (error) {
    if (error.code === "ERR_INVALID_URL") return say({ refused: task.invalid });
    const inner = (error.errors ?? []).map((one) => one.message).join("; ");
    const code = error.severity && /^[0-9A-Z]{5}$/.test(error.code ?? "") ? error.code : "";  // the operating system has codes too, such as EPIPE
    return say({ error: { message: error.message || inner || String(error.code), sqlstate: code, committing } });
  }
};
work();
"""


@dataclass(frozen=True)
class Program:
    """A program in a container. ``task``: what its task contains in addition to the common part."""

    command: list[str]
    task: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The executable that the container needs."""
        return self.command[0]


FOR_NODE = {
    "program": NODE_PROGRAM, "parts": portable.PARTS, "mistakes": portable.MISTAKES, "invalid": portable.INVALID,
    "port_or_password": portable.PORT_OR_PASSWORD, "of_sqlalchemy": portable.OF_SQLALCHEMY,
    "hosts": portable.HOSTS, "several_hosts": portable.SEVERAL_HOSTS, "schema_words": portable.SCHEMA, "several_schemas": portable.SEVERAL_SCHEMAS,
}  # fmt: skip
FOR_PYTHON = {"program": inspect.getsource(portable) + PYTHON_PROGRAM}
PROGRAMS = (
    Program(["node", "-e", NODE], FOR_NODE),
    Program(["python3", "-c", PYTHON], FOR_PYTHON),
    Program(["python", "-c", PYTHON], FOR_PYTHON),
)
