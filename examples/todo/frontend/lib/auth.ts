import dns from "dns";
import net from "net";

import { betterAuth } from "better-auth";
import { nextCookies } from "better-auth/next-js";
import { jwt } from "better-auth/plugins";
import { Pool } from "pg";

// In a container's network, connecting to IPv4 and IPv6 at the same time with short time-outs ends in ETIMEDOUT.
net.setDefaultAutoSelectFamily(false);
dns.setDefaultResultOrder("ipv4first");

export const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10, connectionTimeoutMillis: 5000 });

// An idle connection that breaks (a restarted database) is replaced by the pool; without a listener it would end the process.
pool.on("error", (error) => console.error("An idle database connection broke:", error.message));

// Secret, URL and further origins come from BETTER_AUTH_SECRET(S), BETTER_AUTH_URL and BETTER_AUTH_TRUSTED_ORIGINS.
export const auth = betterAuth({
  database: pool,
  emailAndPassword: { enabled: true },
  plugins: [jwt(), nextCookies()],
  // Behind a NodePort every browser has the node's address, so each limit is one for all users together:
  // none on what needs a session anyway, and one on passwords that many people at once do not reach.
  rateLimit: {
    customRules: {
      "/get-session": false,
      "/jwks": false,
      "/token": false,
      "/sign-in/*": { window: 10, max: 30 },
      "/sign-up/*": { window: 10, max: 30 },
    },
  },
  telemetry: { enabled: false },
});
