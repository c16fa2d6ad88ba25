# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an interpreter in a container is started with: it reads one line of JSON, ``task``, and runs the program in it.

As an argument, the whole program would make the API request longer than some proxies accept.
"""

from __future__ import annotations

PYTHON = "import json, sys; task = json.loads(sys.stdin.readline()); exec(task['program'])"
NODE = """
let text = "";
process.stdin.on("data", (part) => {
  text += part;
  const end = text.indexOf("\\n");
  if (end < 0) return;
  process.stdin.pause();
  const task = JSON.parse(text.slice(0, end));
  new Function("task", "require", task.program)(task, require);
});
"""
