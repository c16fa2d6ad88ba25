# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two programs that carry out a transaction inside a pod, in what the application's containers have.

Both read one line of JSON, {url_env, connect, settings: [sql], statements: [{sql, parameters, count}]}, and print one line of JSON,
{results: [{count, rows}]}, {wrong_count: {index, found}} or {error: {message, sqlstate}}. The database's URL is the container's own.
"""

from __future__ import annotations

PYTHON = r"""
import json, os, re, sys
task = json.loads(sys.stdin.readline())
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
url = re.sub(r"^(postgres(?:ql)?)\+\w+", r"\1", url)
def carry_out(cursor, index, statement):
    sql = re.sub(r"\$(\d+)", r"%(p\1)s", statement["sql"].replace("%", "%%"))
    cursor.execute(sql, {"p%d" % (number + 1): value for number, value in enumerate(statement["parameters"])})
    rows = cursor.fetchall() if cursor.description else []
    names = [column[0] for column in cursor.description or []]
    if statement["count"] is not None and cursor.rowcount != statement["count"]:
        found = cursor.rowcount
        connection.rollback()
        say(wrong_count={"index": index, "found": found})
    return {"count": cursor.rowcount, "rows": [dict(zip(names, row)) for row in rows]}
try:
    connection = driver.connect(url, connect_timeout=task["connect"])
    cursor = connection.cursor()
    for setting in task["settings"]:
        cursor.execute(setting)
    results = [carry_out(cursor, index, statement) for index, statement in enumerate(task["statements"])]
    connection.commit()
    say(results=results)
except driver.Error as error:
    code = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)
    say(error={"message": str(error), "sqlstate": code or ""})
"""

NODE = r"""
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n", () => process.exit(0));
const work = async (line) => {
  const task = JSON.parse(line);
  let driver;
  try { driver = require("pg"); } catch { return say({ no_driver: "no pg" }); }
  const url = process.env[task.url_env];
  if (!url) return say({ no_url: true });
  const client = new driver.Client({ connectionString: url, connectionTimeoutMillis: task.connect * 1000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("BEGIN");
    for (const setting of task.settings) await client.query(setting);
    const results = [];
    for (const [index, statement] of task.statements.entries()) {
      const done = await client.query(statement.sql, statement.parameters);
      if (statement.count !== null && done.rowCount !== statement.count) {
        await client.query("ROLLBACK");
        return say({ wrong_count: { index, found: done.rowCount } });
      }
      results.push({ count: done.rowCount ?? -1, rows: done.rows });
    }
    await client.query("COMMIT");
    return say({ results });
  } catch (error) {
    const inner = (error.errors ?? []).map((one) => one.message).join("; ");
    const code = /^[0-9A-Z]{5}$/.test(error.code ?? "") ? error.code : "";
    return say({ error: { message: error.message || inner || String(error.code), sqlstate: code } });
  }
};
let text = "";
process.stdin.on("data", (part) => {
  text += part;
  const end = text.indexOf("\n");
  if (end >= 0) { process.stdin.pause(); work(text.slice(0, end)); }
});
"""

COMMANDS = (["node", "-e", NODE], ["python3", "-c", PYTHON], ["python", "-c", PYTHON])
