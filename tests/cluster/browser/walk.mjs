// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
//
// A person's way through the todo application in a real browser: sign up, ask the chat for a task, see it among the tasks.
//   node walk.mjs http://NODE:30300 FOLDER
// Saves chat.png and tasks.png in FOLDER and prints {email, title, errors, keys: the Idempotency-Keys}; exits with 1 when a step fails.
// The browser is the one in $CHROMIUM, by default the distribution's /usr/bin/chromium.
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { chromium } from "playwright-core";

const [address, folder] = process.argv.slice(2);
const email = `browser-${randomUUID().slice(0, 8)}@example.org`;
const title = `buy bread ${randomUUID().slice(0, 8)}`;
const errors = [];
const keys = [];

async function signUp(page) {
  await page.goto(`${address}/sign-up`);
  await page.getByLabel("Name").fill("A Browser");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(randomUUID());
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.waitForURL("**/dashboard");
}

async function askForTask(page) {
  await page.getByRole("link", { name: "Chat" }).click();
  await page.getByLabel("Message").fill(`Please add a task to ${title}`);
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(`I added the task "${title}".`).waitFor();
  await page.screenshot({ path: join(folder, "chat.png") });
}

async function seeTask(page) {
  await page.getByRole("link", { name: "Tasks" }).click();
  await page.getByRole("listitem").filter({ hasText: title }).waitFor();
  await page.screenshot({ path: join(folder, "tasks.png") });
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  // A test that runs as root in a container has no user namespace for the sandbox, and too small a /dev/shm.
  args: process.getuid() === 0 ? ["--no-sandbox", "--disable-dev-shm-usage"] : [],
});
try {
  const page = await browser.newPage({ viewport: { width: 900, height: 600 } });
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("request", (request) => request.method() === "POST" && request.url().includes("/api/backend/") && keys.push(request.headers()["idempotency-key"]));
  await signUp(page);
  await askForTask(page);
  await seeTask(page);
} finally {
  await browser.close();
  console.log(JSON.stringify({ email, title, errors, keys }));
}
