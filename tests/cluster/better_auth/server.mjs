// A Better Auth of any release with signing keys and two-factor sign-in, for tests of what lies under its secret.
// Its secrets are BETTER_AUTH_SECRET and BETTER_AUTH_SECRETS. PLAIN_KEYS=1 stores private keys unencrypted, ALGORITHM is that of new keys.
import { createServer } from "node:http";

import { betterAuth } from "better-auth";
import { toNodeHandler } from "better-auth/node";
import { jwt, twoFactor } from "better-auth/plugins";
import pg from "pg";

const jwks = {
  disablePrivateKeyEncryption: process.env.PLAIN_KEYS === "1",
  ...(process.env.ALGORITHM ? { keyPairConfig: { alg: process.env.ALGORITHM } } : {}),
};
const auth = betterAuth({
  appName: "better-auth-test",
  database: new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 }),
  emailAndPassword: { enabled: true },
  plugins: [jwt({ jwks }), twoFactor()],
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});

// Releases before 1.4 have it elsewhere.
const { getMigrations } = await import("better-auth/db/migration").catch(() => import("better-auth/db"));
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();

const handler = toNodeHandler(auth);
const server = createServer((request, response) => (request.url === "/health" ? response.end("ok") : handler(request, response)));
server.listen(3000, "0.0.0.0");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
